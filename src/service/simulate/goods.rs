//! What is given in a planned city: money, goods and hours, with names and usual quantities.

use crate::canonical::Names;
use crate::event::kinds::{ItemDefined, ItemType};
use crate::event::{Code, Quantity};

/// A thing that can be given.
#[derive(Debug)]
pub struct Good {
    /// Its code.
    pub code: &'static str,
    r#type: ItemType,
    /// Its category.
    pub category: &'static str,
    /// Digits after the point.
    pub decimals: u8,
    unit: Option<&'static str>,
    names: [&'static str; 3],
    /// What one person gets at a time, in minor units.
    pub share: u64,
    /// The least and the most that one gift usually brings, in minor units.
    pub gift: (u64, u64),
}

const fn good(
    code: &'static str,
    category: &'static str,
    unit: &'static str,
    decimals: u8,
    names: [&'static str; 3],
    share: u64,
    gift: (u64, u64),
) -> Good {
    Good { code, r#type: ItemType::Goods, category, decimals, unit: Some(unit), names, share, gift }
}

/// All goods; a place in this table is what the planner calls an item.
pub const GOODS: [Good; 15] = [
    Good {
        code: "KZT",
        r#type: ItemType::Money,
        category: "cash",
        decimals: 2,
        unit: None,
        names: ["Теңге", "Тенге", "Tenge"],
        share: 750_000,
        gift: (10_000_000, 150_000_000),
    },
    good("flour", "food", "kg", 3, ["Ұн", "Мука", "Flour"], 2_500, (200_000, 2_000_000)),
    good("rice", "food", "kg", 3, ["Күріш", "Рис", "Rice"], 1_500, (100_000, 900_000)),
    good("sugar", "food", "kg", 3, ["Қант", "Сахар", "Sugar"], 1_000, (80_000, 600_000)),
    good("oil", "food", "litre", 1, ["Өсімдік майы", "Растительное масло", "Vegetable oil"], 5, (400, 3_000)),
    good("tinned-meat", "food", "piece", 0, ["Ет консервілері", "Мясные консервы", "Tinned meat"], 2, (120, 1_000)),
    good("baby-formula", "food", "box", 0, ["Балаларға арналған сүт қоспасы", "Детская молочная смесь", "Baby formula"], 1, (40, 240)),
    good("food-parcel", "food", "box", 0, ["Азық-түлік жиынтығы", "Продуктовый набор", "Food parcel"], 1, (60, 400)),
    good("hygiene-kit", "hygiene", "box", 0, ["Гигиеналық жиынтық", "Гигиенический набор", "Hygiene kit"], 1, (60, 300)),
    good("blanket", "warmth", "piece", 0, ["Көрпе", "Одеяло", "Blanket"], 1, (50, 250)),
    good("coal", "heating", "kg", 3, ["Көмір", "Уголь", "Coal"], 120_000, (6_000_000, 40_000_000)),
    good("heater", "heating", "piece", 0, ["Жылытқыш", "Обогреватель", "Heater"], 1, (20, 120)),
    good(
        "mask-box",
        "medical",
        "box",
        0,
        ["Медициналық маскалар (қорап)", "Медицинские маски (коробка)", "Medical masks (box)"],
        1,
        (80, 500),
    ),
    good("medicine-kit", "medical", "box", 0, ["Дәрі-дәрмек жиынтығы", "Набор лекарств", "Medicine kit"], 1, (40, 300)),
    Good {
        code: "volunteer-hours",
        r#type: ItemType::Service,
        category: "service",
        decimals: 1,
        unit: Some("hour"),
        names: ["Еріктілердің көмегі", "Помощь волонтёров", "Volunteers' help"],
        share: 15,
        gift: (200, 2_000),
    },
];

/// What one unit of each good costs on the market of a planned city, in minor units of money; nobody buys money and volunteers' hours.
const PRICES: [u64; 15] =
    [0, 29_000, 56_000, 48_000, 78_000, 115_000, 420_000, 1_250_000, 540_000, 780_000, 3_200, 1_850_000, 190_000, 1_480_000, 0];

/// The place of money in [`GOODS`].
pub const MONEY: usize = 0;

/// What one unit of a good usually costs, in minor units of money; none if it is not for sale.
pub fn price(place: usize) -> Option<u64> {
    Some(PRICES[place]).filter(|price| *price > 0)
}

impl Good {
    /// The event body that defines it.
    pub fn definition(&self) -> ItemDefined {
        ItemDefined {
            category: code(self.category),
            decimals: u64::from(self.decimals),
            item: code(self.code),
            name: names(self.names),
            r#type: self.r#type,
            unit: self.unit.map(code),
        }
    }

    /// A quantity of it.
    pub fn quantity(&self, minor: u64) -> Quantity {
        Quantity { minor, decimals: self.decimals }
    }

    /// The least quantity of it that people hand over: one whole unit.
    pub fn unit_minor(&self) -> u64 {
        10u64.pow(u32::from(self.decimals))
    }
}

/// The place of a good in [`GOODS`].
pub fn item(code: &str) -> usize {
    GOODS.iter().position(|good| good.code == code).expect("a planner names goods of the table")
}

/// A code written in this program.
pub fn code(text: &str) -> Code {
    text.parse().expect("a planner writes codes as codes are written")
}

/// A name in Kazakh, Russian and English.
pub fn names([kk, ru, en]: [&str; 3]) -> Names {
    Names::new([("kk", kk), ("ru", ru), ("en", en)])
}
