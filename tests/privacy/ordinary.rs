//! Ordinary public values, from a seed: what a ledger's names, references and texts look like. None identifies a person.

/// SplitMix64: small, and the same on every machine.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }
    fn of<'a>(&mut self, words: &[&'a str]) -> &'a str {
        words[self.below(words.len() as u64) as usize]
    }
    fn digits(&mut self, count: usize) -> String {
        (0..count).map(|_| char::from(b'0' + self.below(10) as u8)).collect()
    }
    fn hex(&mut self, count: usize) -> String {
        (0..count).map(|_| char::from_digit(self.below(16) as u32, 16).expect("below 16")).collect()
    }
}

const ITEMS: &[&str] = &[
    "Rice",
    "Күріш",
    "Рис",
    "Blanket 150x200 cm",
    "Көрпе",
    "Одеяло",
    "Flour, first grade",
    "Ұн",
    "Мука",
    "Water 1.5 l",
    "Су",
    "Вода",
    "Diapers 4 (9-14 kg)",
    "Жаялық",
    "Подгузники",
    "Insulin 100 IU/ml",
    "Coal",
    "Көмір",
    "Уголь",
    "School set 2026",
    "Tent 4x6",
    "Battery AA 1.5V",
    "Milk 3.2%",
    "Сүт 2,5 %",
];
const ORGANIZATIONS: &[&str] = &[
    "Мейірім қоры",
    "«Birge» қоғамдық бірлестігі",
    "Фонд «Добро 24»",
    "Mill Ltd",
    "School No. 17",
    "№ 42 мектеп",
    "Городская больница № 7",
    "Red Crescent",
    "ТОО «Хлеб 2000»",
    "Қала әкімдігі",
    "Волонтёры 365",
    "Hospital 12, ward 3",
];
const UNITS: &[&str] = &["kg", "кг", "л", "box", "дана", "шт.", "тенге", "теңге", "KZT", "₸", "USD"];
/// Spaces that people and programs put between thousands.
const SPACES: &[&str] = &[" ", "\u{A0}", "\u{202F}", "\u{2009}", ",", ".", "'"];

/// An amount with separators between its thousands, and often decimals.
fn amount(random: &mut Random) -> String {
    let len = 1 + random.below(11) as usize;
    let digits = format!("{}{}", 1 + random.below(9), random.digits(len - 1));
    let space = random.of(SPACES);
    let mut out = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (len - place).is_multiple_of(3) {
            out += space;
        }
        out.push(digit);
    }
    match random.below(3) {
        0 => out + if space == "," { "." } else { "," } + &random.digits(2),
        _ => out,
    }
}

fn date(random: &mut Random) -> String {
    let (year, month, day) = (2020 + random.below(15), 1 + random.below(12), 1 + random.below(28));
    let (hour, minute) = (random.below(24), random.below(60));
    match random.below(9) {
        0 => format!("{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:00Z"),
        1 => format!("{day:02}.{month:02}.{year}"),
        2 => format!("{day:02}.{month:02}.{year} {hour:02}{minute:02}"),
        3 => format!("{day:02}/{month:02}/{year} {hour:02}.{minute:02}"),
        4 => format!("{year}{month:02}{day:02}{hour:02}{minute:02}00"),
        5 => format!("{day:02}.{month:02}.{year}-{:02}.{month:02}.{year}", day.max(2)),
        6 => format!("{day:02}.{month:02}.{} {hour:02}:{minute:02}:09", year % 100),
        7 => format!("{year}-{month:02}-{day:02} {hour:02}:{minute:02}:{:02}.{}", random.below(60), random.digits(6)),
        _ => format!("{year}-{month:02}-{day:02}"),
    }
}

/// A business number (BIN): year and month of registration, a fifth digit of 4 to 6, the rest.
fn business_number(random: &mut Random) -> String {
    let (year, month) = (random.below(27), 1 + random.below(12));
    format!("{year:02}{month:02}{}{}{}", 4 + random.below(3), random.below(4), random.digits(6))
}

fn barcode(random: &mut Random) -> String {
    let digits = random.of(&["487", "460", "869", "590"]).to_owned() + &random.digits(9);
    let sum: u32 = digits.bytes().enumerate().map(|(place, b)| u32::from(b - b'0') * if place % 2 == 0 { 1 } else { 3 }).sum();
    format!("{digits}{}", (10 - sum % 10) % 10)
}

fn one(random: &mut Random) -> String {
    match random.below(22) {
        0 => format!("{} {} {}", amount(random), random.of(UNITS), random.of(ITEMS)),
        1 => format!("{} {}", random.of(ITEMS), date(random)),
        2 => format!("{}, БИН {}", random.of(ORGANIZATIONS), business_number(random)),
        3 => date(random),
        4 => format!("{}-{}-{}", random.of(&["WB", "ТТН", "INV", "ACT"]), 2020 + random.below(10), random.digits(5)),
        5 => random.hex(64),
        6 => format!("{}.{}", random.hex(64), random.below(20)),
        7 => random.hex(12 + random.clone_below(21)),
        8 => format!("{}-{}-{}-{}-{}", random.hex(8), random.hex(4), random.hex(4), random.hex(4), random.hex(12)),
        9 => format!("{} №{} от {}", random.of(&["Накладная", "Жүкқұжат", "Акт"]), random.digits(6), date(random)),
        10 => format!("{} {}", amount(random), random.of(UNITS)),
        11 => format!("{}{}", random.of(&["+", "-", "±"]), amount(random)),
        12 => format!("{}.{}", random.below(1_000_000), random.digits(1 + random.clone_below(9))),
        13 => random.of(ORGANIZATIONS).to_owned(),
        14 => format!("{} ({})", random.of(ITEMS), barcode(random)),
        15 => format!(
            "{}:{}-{}, {} {}",
            random.of(&["Mon", "Дс", "Пн"]),
            random.below(24),
            random.below(24),
            random.below(300),
            random.of(UNITS)
        ),
        16 => format!("{} {} {} {}", random.below(1000), random.below(1000), random.below(1000), random.below(1000)),
        17 => format!("8 80{} 080 {}", random.below(2), random.digits(4)),
        18 => format!("{}{}", random.of(&["lot-", "batch ", "партия № ", "топтама "]), random.digits(3 + random.clone_below(6))),
        19 => format!("{} — {} ({}%)", random.of(ORGANIZATIONS), amount(random), random.below(100)),
        20 => format!("https://aid.example.org/{}/{}", random.of(&["lots", "events"]), random.hex(16)),
        _ => format!("{}, {} {}, {} {}", date(random), random.below(900), random.of(UNITS), random.of(ITEMS), random.below(90)),
    }
}

impl Random {
    fn clone_below(&self, end: u64) -> usize {
        (Random(self.0).below(end)) as usize
    }
}

/// So many ordinary values; the same for the same seed.
pub fn values(count: usize, seed: u64) -> Vec<String> {
    let mut random = Random(seed);
    (0..count).map(|_| one(&mut random)).collect()
}
