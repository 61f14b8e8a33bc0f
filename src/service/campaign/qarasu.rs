//! The invented city of Qarasu: its districts, programmes and organizations, and who works in what.

use crate::event::kinds::RecipientType;

/// Names in Kazakh, Russian and English.
pub type Trio = [&'static str; 3];

/// The ledger's name.
pub const LEDGER: Trio = ["Қарасу қаласының көмек кітабы", "Книга помощи города Карасу", "Qarasu city aid ledger"];

/// The city, in which all districts lie.
pub const CITY: (&str, Trio) = ("qarasu", ["Қарасу қаласы", "Город Карасу", "Qarasu city"]);

/// The districts.
pub const DISTRICTS: [(&str, Trio); 5] = [
    ("old-town", ["Ескі қала", "Старый город", "Old Town"]),
    ("koktobe", ["Көктөбе", "Коктобе", "Koktobe"]),
    ("riverside", ["Өзен жағасы", "Приречный", "Riverside"]),
    ("railway", ["Теміржол", "Железнодорожный", "Railway"]),
    ("shanyraq", ["Шаңырақ", "Шанырак", "Shanyraq"]),
];

/// A programme of the campaign.
#[derive(Debug)]
pub struct ProgrammePlan {
    /// Its code.
    pub code: &'static str,
    /// Its names.
    pub names: Trio,
    /// The organization that opens it.
    pub opened_by: &'static str,
    /// Whom it helps.
    pub types: &'static [RecipientType],
    /// Its last day, if it has one.
    pub until: Option<&'static str>,
}

/// The programmes.
pub const PROGRAMMES: [ProgrammePlan; 3] = [
    ProgrammePlan {
        code: "food-parcels",
        names: ["Азық-түлік себеті", "Продуктовая корзина", "Food parcels"],
        opened_by: "nan-bank",
        types: &[RecipientType::Household, RecipientType::Person],
        until: None,
    },
    ProgrammePlan {
        code: "medical-aid",
        names: ["Дәрі-дәрмек және қорғаныс құралдары", "Лекарства и средства защиты", "Medicine and protective equipment"],
        opened_by: "shipa",
        types: &[RecipientType::Household, RecipientType::Person, RecipientType::Facility],
        until: Some("2026-03-31"),
    },
    ProgrammePlan {
        code: "warm-winter",
        names: ["Жылы қыс", "Тёплая зима", "Warm winter"],
        opened_by: "jyly-uy",
        types: &[RecipientType::Facility, RecipientType::Household],
        until: Some("2026-04-15"),
    },
];

/// An organization of the campaign.
#[derive(Debug)]
pub struct OrganizationPlan {
    /// Its code.
    pub code: &'static str,
    /// Its names.
    pub names: Trio,
    /// The programmes it works in, each with what it gives there.
    pub work: &'static [(&'static str, &'static [&'static str])],
    /// How many phones deliver.
    pub phones: u64,
}

/// The registrar's organization.
pub const AKIMAT: (&str, Trio) = ("qarasu-akimat", ["Қарасу қаласының әкімдігі", "Акимат города Карасу", "Qarasu city administration"]);

/// The auditors' organization: it works in no programme.
pub const AUDITORS: (&str, Trio) = ("tekseru", ["Қарасу тексеру комиссиясы", "Ревизионная комиссия Карасу", "Qarasu Audit Commission"]);

/// Everybody else.
pub const ORGANIZATIONS: [OrganizationPlan; 14] = [
    OrganizationPlan {
        code: "jyly-uy",
        names: ["«Жылы үй» қоры", "Фонд «Жылы үй»", "Jyly Uy (Warm Home) Foundation"],
        work: &[("warm-winter", &["KZT", "coal", "heater"])],
        phones: 2,
    },
    OrganizationPlan {
        code: "meyirim",
        names: ["«Мейірім» қайырымдылық қоры", "Благотворительный фонд «Мейірім»", "Meyirim Charity"],
        work: &[("food-parcels", &["food-parcel", "sugar"]), ("warm-winter", &["KZT", "blanket"])],
        phones: 2,
    },
    OrganizationPlan {
        code: "nan-bank",
        names: ["Қарасу азық-түлік банкі", "Продовольственный банк Карасу", "Qarasu Food Bank"],
        work: &[("food-parcels", &["food-parcel", "flour", "rice", "oil"])],
        phones: 3,
    },
    OrganizationPlan {
        code: "asar",
        names: ["«Асар» еріктілер қозғалысы", "Волонтёрское движение «Асар»", "Asar Volunteers"],
        work: &[("food-parcels", &["food-parcel", "tinned-meat"]), ("warm-winter", &["blanket", "volunteer-hours"])],
        phones: 2,
    },
    OrganizationPlan {
        code: "shipa",
        names: ["«Шипа» аурухана қоры", "Больничный фонд «Шипа»", "Shipa Hospital Fund"],
        work: &[("medical-aid", &["mask-box", "medicine-kit"])],
        phones: 1,
    },
    OrganizationPlan {
        code: "besik",
        names: ["«Бесік» аналар қоры", "Фонд матерей «Бесік»", "Besik Mothers' Fund"],
        work: &[("food-parcels", &["baby-formula", "rice"]), ("medical-aid", &["hygiene-kit"])],
        phones: 1,
    },
    OrganizationPlan {
        code: "aq-bata",
        names: ["«Ақ бата» қоғамдық қоры", "Общественный фонд «Ақ бата»", "Aq Bata Foundation"],
        work: &[("food-parcels", &["food-parcel", "oil"])],
        phones: 1,
    },
    OrganizationPlan {
        code: "bereke",
        names: ["«Береке» қайырымдылық асханасы", "Благотворительная столовая «Береке»", "Bereke Community Kitchen"],
        work: &[("food-parcels", &["flour"])],
        phones: 1,
    },
    OrganizationPlan {
        code: "sapar",
        names: ["«Сапар» ерікті жүргізушілері", "Волонтёры-водители «Сапар»", "Sapar Volunteer Drivers"],
        work: &[("warm-winter", &["coal", "volunteer-hours"])],
        phones: 1,
    },
    OrganizationPlan {
        code: "senim",
        names: ["«Сенім» мүгедектігі бар адамдар қоғамы", "Общество людей с инвалидностью «Сенім»", "Senim Disability Society"],
        work: &[("medical-aid", &["medicine-kit", "hygiene-kit"])],
        phones: 1,
    },
    OrganizationPlan {
        code: "jas-qanat",
        names: ["«Жас қанат» студент еріктілері", "Студенты-волонтёры «Жас қанат»", "Jas Qanat Student Volunteers"],
        work: &[("food-parcels", &["rice", "tinned-meat"]), ("medical-aid", &["mask-box"])],
        phones: 2,
    },
    OrganizationPlan {
        code: "korshi",
        names: ["«Көрші» өзара көмек қоғамы", "Общество взаимопомощи «Көрші»", "Korshi Neighbours' Mutual Aid"],
        work: &[("food-parcels", &["flour", "sugar", "oil"]), ("warm-winter", &["coal"])],
        phones: 1,
    },
    OrganizationPlan {
        code: "ardager",
        names: ["«Ардагер» қарттарды қолдау қоры", "Фонд поддержки пожилых «Ардагер»", "Ardager Elders' Fund"],
        work: &[("medical-aid", &["medicine-kit"]), ("warm-winter", &["KZT", "heater", "blanket"])],
        phones: 1,
    },
    OrganizationPlan {
        code: "tirek",
        names: ["«Тірек» қоғамдық бірлестігі", "Общественное объединение «Тірек»", "Tirek Public Association"],
        work: &[("food-parcels", &["food-parcel", "sugar"])],
        phones: 1,
    },
];

/// Facilities whose boilers and windows the programme of warmth mends.
pub const SHELTERS: [(Trio, &str); 4] = [
    (["Балалар үйі", "Детский дом", "Children's Home"], "old-town"),
    (["№12 мектеп", "Школа №12", "School No. 12"], "railway"),
    (["Түнемелік үйі", "Ночлежный дом", "Night Shelter"], "riverside"),
    (["«Айгөлек» балабақшасы", "Детский сад «Айголек»", "Aigolek Kindergarten"], "shanyraq"),
];

/// Who brings goods from one organization to another, by their codes on the waybills.
pub const CARRIERS: [&str; 3] = ["altyn-jol", "own-van", "qarasu-cargo"];

/// Donors that are organizations.
pub const DONORS: [&str; 12] = [
    "ЖШС «Қарасу диірмені»",
    "ТОО «Карасу-Хлеб»",
    "АҚ «Қарасу жылу»",
    "ТОО «Угольный двор»",
    "ЖК «Айгүл дүкені»",
    "Qarasu Rotary Friends",
    "ЖШС «Дала құс»",
    "ТОО «Фарма-Склад»",
    "Steppe Relief Trust",
    "ТОО «Текстиль-Дом»",
    "ЖШС «Ақ май»",
    "Қарасу кәсіпкерлер қауымдастығы",
];

/// Public names of the facilities that medical aid goes to.
pub const FACILITIES: [(Trio, &str); 6] = [
    (["№1 қалалық аурухана", "Городская больница №1", "City Hospital No. 1"], "old-town"),
    (["Балалар ауруханасы", "Детская больница", "Children's Hospital"], "koktobe"),
    (["№2 емхана", "Поликлиника №2", "Polyclinic No. 2"], "riverside"),
    (["Теміржол емханасы", "Железнодорожная поликлиника", "Railway Polyclinic"], "railway"),
    (["Перзентхана", "Родильный дом", "Maternity Hospital"], "shanyraq"),
    (["Қарттар үйі", "Дом престарелых", "Home for the Elderly"], "koktobe"),
];
