//! The simulated city's names: districts, programmes, organizations, donors. None of them exists.

use crate::canonical::Names;
use crate::event::kinds::RecipientType;
use crate::service::simulate::goods::{code, names};

/// The code and names of the city, in which all districts lie.
pub const CITY: (&str, [&str; 3]) = ("city", ["Қала", "Город", "City"]);

/// A code with names in Kazakh, Russian and English.
type Named = (&'static str, [&'static str; 3]);

/// Districts, each with the quarters in it.
pub const DISTRICTS: [(&str, [&str; 3], [Named; 2]); 6] = [
    (
        "north",
        ["Солтүстік ауданы", "Северный район", "North district"],
        [
            ("north-gate", ["Солтүстік қақпа", "Северные ворота", "North Gate"]),
            ("mill", ["Диірмен маңы", "Мельничный квартал", "Mill Quarter"]),
        ],
    ),
    (
        "south",
        ["Оңтүстік ауданы", "Южный район", "South district"],
        [("gardens", ["Бау-бақша", "Сады", "Gardens"]), ("airport", ["Әуежай маңы", "Квартал у аэропорта", "Airport Quarter"])],
    ),
    (
        "east",
        ["Шығыс ауданы", "Восточный район", "East district"],
        [("sunrise", ["Таңшолпан", "Рассвет", "Sunrise"]), ("brickworks", ["Кірпіш зауыты", "Кирпичный завод", "Brickworks"])],
    ),
    (
        "west",
        ["Батыс ауданы", "Западный район", "West district"],
        [("steppe", ["Дала", "Степной", "Steppe"]), ("market", ["Базар маңы", "Базарный квартал", "Market Quarter"])],
    ),
    (
        "riverside",
        ["Өзен жағасы ауданы", "Приречный район", "Riverside district"],
        [("bridge", ["Көпір маңы", "Квартал у моста", "Bridge Quarter"]), ("willows", ["Тал", "Ивовый", "Willows"])],
    ),
    (
        "railway",
        ["Теміржол ауданы", "Железнодорожный район", "Railway district"],
        [("depot", ["Депо", "Депо", "Depot"]), ("station", ["Вокзал маңы", "Привокзальный квартал", "Station Quarter"])],
    ),
];

/// What programmes are about, whom they help and with which categories of goods. Later ones of the same sort get a number.
pub const PROGRAMMES: [(&str, [&str; 3], &[RecipientType]); 4] = [
    ("food", ["Азық-түлік көмегі", "Продовольственная помощь", "Food aid"], &[RecipientType::Household, RecipientType::Person]),
    ("winter", ["Жылы қыс", "Тёплая зима", "Warm winter"], &[RecipientType::Household]),
    ("health", ["Денсаулық", "Здоровье", "Health"], &[RecipientType::Household, RecipientType::Person, RecipientType::Facility]),
    ("family", ["Отбасына қолдау", "Поддержка семьи", "Family support"], &[RecipientType::Household, RecipientType::Community]),
];

/// Public names of facilities and communities, to be numbered.
pub const PLACES: [(RecipientType, [&str; 3]); 3] = [
    (RecipientType::Facility, ["Емхана", "Поликлиника", "Clinic"]),
    (RecipientType::Facility, ["Мектеп", "Школа", "School"]),
    (RecipientType::Community, ["Ауыл", "Село", "Village"]),
];

/// Donors that are organizations.
pub const DONORS: [&str; 10] = [
    "ЖШС «Алтын дән»",
    "ТОО «Степной ветер»",
    "АҚ «Қала жылу»",
    "ТОО «Мельница №3»",
    "ЖШС «Көктем сауда»",
    "Blue Door Foundation",
    "ТОО «Северный мост»",
    "ЖК «Нұрлы дүкен»",
    "Steppe Logistics Ltd",
    "ЖШС «Ақ бұлақ»",
];

/// A name with a number after it, in each language.
pub fn numbered(texts: [&str; 3], number: u64) -> Names {
    let [kk, ru, en] = texts.map(|text| format!("{text} {number}"));
    names([&kk, &ru, &en])
}

/// The code and name of an organization by its number; number 0 is the registrar's.
pub fn organization(number: usize) -> (crate::event::Code, Names) {
    const SORTS: [(&str, [&str; 3]); 4] = [
        ("fund", ["Қайырымдылық қоры", "Благотворительный фонд", "Charity fund"]),
        ("volunteers", ["Еріктілер қозғалысы", "Волонтёрское движение", "Volunteer movement"]),
        ("kitchen", ["Қайырымдылық асханасы", "Благотворительная столовая", "Community kitchen"]),
        ("society", ["Өзара көмек қоғамы", "Общество взаимопомощи", "Mutual aid society"]),
    ];
    if number == 0 {
        return (code("city-hall"), names(["Қала әкімдігі", "Акимат города", "City hall"]));
    }
    let (sort, texts) = SORTS[number % SORTS.len()];
    (code(&format!("{sort}-{number}")), numbered(texts, number as u64))
}
