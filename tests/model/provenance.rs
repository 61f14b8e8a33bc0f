//! Which gift each unit came from, found by giving every unit of every lot a number and going through all events again.
//!
//! ```text
//! a lot of Q units           numbers 0..Q, as a list of stretches, each with the place where it is
//! what is taken              the lowest numbers that are at the place taken from; what comes back has its old numbers
//! a lot that was received    its unit k is the k-th of those that arrived
//! a lot that was bought      its units [a, b) of Q, at cost c, stand for the money [floor(a*c/Q), floor(b*c/Q)) of its stretch of the bill;
//!                            the bill is the money in the order of draws and then of numbers, its lines take consecutive stretches
//! ```
//!
//! A cancellation that is reversed takes the lowest free numbers, like an assignment. Places are words and an id: `on hand <lot>`, `assigned <assignment>`,
//! `in transit <transfer>`, `delivered <delivery>`, `spent <expense>`, `lost <event>`, `returned <event>`; `bought <purchase>` and `passed on <acceptance>`
//! are gone through and never given as an answer.

use super::*;

type Stretch = (i128, i128);

/// Where the units of a lot came from.
enum Origin {
    Gift,
    /// Units of the sender's lot that arrived.
    Received(String, Vec<Stretch>),
    /// The money of the bill, in order; where the line's stretch of it begins; its cost; the lot's quantity.
    Bought(Vec<(String, Stretch)>, i128, i128, i128),
}

struct Numbered {
    origin: Origin,
    /// Ascending, without gaps.
    places: Vec<(Stretch, String)>,
}

impl Numbered {
    /// Moves the lowest `minor` units from one place to another; all that are there if no number is given.
    fn take(&mut self, from: &str, to: &str, minor: Option<i128>) -> Vec<Stretch> {
        let mut left = minor.unwrap_or(i128::MAX);
        let mut taken = Vec::new();
        let mut places: Vec<(Stretch, String)> = Vec::new();
        let mut put = |stretch: Stretch, place: String| match places.last_mut() {
            Some(((_, end), last)) if *last == place => *end = stretch.1,
            _ => places.push((stretch, place)),
        };
        for ((start, end), place) in std::mem::take(&mut self.places) {
            let cut = if place == from { (end - start).min(left) } else { 0 };
            if cut > 0 {
                left -= cut;
                taken.push((start, start + cut));
                put((start, start + cut), to.to_owned());
            }
            if start + cut < end {
                put((start + cut, end), place);
            }
        }
        assert!(minor.is_none() || left == 0, "{left} units too few at {from}");
        self.places = places;
        taken
    }
}

/// All lots, unit by unit.
#[derive(Default)]
pub struct Provenance {
    lots: BTreeMap<String, Numbered>,
    /// Gift lot, place, how much.
    flows: BTreeMap<(String, String), i128>,
}

impl Provenance {
    /// Goes through all events of a book.
    pub fn of(book: &Book) -> Provenance {
        let mut units = Provenance::default();
        for id in &book.order {
            units.enter(book, &book.events[id]);
        }
        let mut flows = BTreeMap::new();
        for (id, lot) in &units.lots {
            for (stretch, place) in &lot.places {
                if place.starts_with("bought") || place.starts_with("passed on") || place == "nowhere" {
                    continue;
                }
                for (gift, (start, end)) in units.sources(id, *stretch) {
                    *flows.entry((gift, place.clone())).or_default() += end - start;
                }
            }
        }
        flows.retain(|_, minor| *minor > 0);
        units.flows = flows;
        units
    }

    /// Where the units of a gift's lot are, through all that was bought with them and passed on.
    pub fn where_is(&self, gift: &str) -> Vec<(String, i128)> {
        let of_gift = self.flows.iter().filter(|((lot, _), _)| lot == gift);
        of_gift.map(|((_, place), minor)| (place.clone(), *minor)).collect()
    }

    /// Which gifts paid for a delivery, and with how much each.
    pub fn who_paid(&self, delivery: &str) -> Vec<(String, i128)> {
        let place = format!("delivered {delivery}");
        self.flows.iter().filter(|((_, there), _)| *there == place).map(|((lot, _), minor)| (lot.clone(), *minor)).collect()
    }

    /// How many units of a lot are at places that begin with a word.
    pub fn units_at(&self, lot: &str, word: &str) -> i128 {
        let there = self.lots[lot].places.iter().filter(|(_, place)| place.starts_with(word));
        there.map(|((start, end), _)| end - start).sum()
    }

    /// The units of gifts behind a stretch of a lot.
    fn sources(&self, lot: &str, (start, end): Stretch) -> Vec<(String, Stretch)> {
        match &self.lots[lot].origin {
            Origin::Gift => vec![(lot.to_owned(), (start, end))],
            Origin::Received(sent, arrived) => {
                let parts = within(arrived.iter().map(|stretch| (sent, *stretch)), start, end);
                parts.into_iter().flat_map(|(sent, stretch)| self.sources(sent, stretch)).collect()
            }
            Origin::Bought(bill, begins, cost, quantity) => {
                let (from, to) = (begins + start * cost / quantity, begins + end * cost / quantity);
                let parts = within(bill.iter().map(|(lot, stretch)| (lot, *stretch)), from, to);
                parts.into_iter().flat_map(|(lot, stretch)| self.sources(lot, stretch)).collect()
            }
        }
    }

    fn lot(&mut self, id: &str) -> &mut Numbered {
        self.lots.get_mut(id).expect("a lot that was made")
    }

    fn make(&mut self, id: String, quantity: i128, origin: Origin) {
        let places = vec![((0, quantity), format!("on hand {id}"))];
        self.lots.insert(id, Numbered { origin, places });
    }

    /// Takes draws of an event from on hand to a place, in the order of lot ids.
    fn draw(&mut self, book: &Book, made: &Made, to: &str) -> Vec<(String, Stretch)> {
        let mut taken = Vec::new();
        for (lot, minor) in book.drawn(&made.body) {
            let stretches = self.lot(&lot).take(&format!("on hand {lot}"), to, Some(minor));
            taken.extend(stretches.into_iter().map(|stretch| (lot.clone(), stretch)));
        }
        taken
    }

    fn enter(&mut self, book: &Book, made: &Made) {
        let id = &made.id;
        let word = match made.kind.as_str() {
            "assignment.made" => "assigned",
            "transfer.sent" => "in transit",
            "purchase.made" => "bought",
            "expense.paid" => "spent",
            "loss.recorded" => "lost",
            "donation.returned" => "returned",
            _ => "",
        };
        let taken = if word.is_empty() { Vec::new() } else { self.draw(book, made, &format!("{word} {id}")) };
        match made.kind.as_str() {
            "donation.received" => {
                for (line, row) in list(&made.body, "lots").enumerate() {
                    let quantity = book.minor(text(row, "item"), text(row, "quantity")).expect("it was accepted");
                    self.make(format!("{id}.{line}"), quantity, Origin::Gift);
                }
            }
            "purchase.made" => {
                let currency = &book.lots[&taken[0].0].item;
                let mut begins = 0;
                for (line, row) in list(&made.body, "lots").enumerate() {
                    let quantity = book.minor(text(row, "item"), text(row, "quantity")).expect("it was accepted");
                    let cost = book.minor(currency, text(row, "cost")).expect("it was accepted");
                    self.make(format!("{id}.{line}"), quantity, Origin::Bought(taken.clone(), begins, cost, quantity));
                    begins += cost;
                }
            }
            "transfer.accepted" => self.accept(book, made),
            "assignment.cancelled" => {
                let assignment = text(&made.body, "assignment");
                for (lot, _) in book.drawn(&book.events[assignment].body) {
                    self.lot(&lot).take(&format!("assigned {assignment}"), &format!("on hand {lot}"), None);
                }
            }
            "delivery.made" => {
                let from = format!("assigned {}", text(&made.body, "assignment"));
                for (lot, minor) in book.drawn(&made.body) {
                    self.lot(&lot).take(&from, &format!("delivered {id}"), Some(minor));
                }
            }
            "event.reversed" => self.undo(book, &book.events[text(&made.body, "event")]),
            _ => {}
        }
    }

    fn accept(&mut self, book: &Book, made: &Made) {
        let transfer = text(&made.body, "transfer");
        let (from, id) = (format!("in transit {transfer}"), &made.id);
        for (line, (lot, minor)) in book.drawn(&made.body).into_iter().enumerate() {
            let arrived = self.lot(&lot).take(&from, &format!("passed on {id}"), Some(minor));
            self.make(format!("{id}.{line}"), minor, Origin::Received(lot, arrived));
        }
        for (lot, _) in book.drawn(&book.events[transfer].body) {
            self.lot(&lot).take(&from, &format!("lost {id}"), None);
        }
    }

    fn undo(&mut self, book: &Book, made: &Made) {
        let id = &made.id;
        let drawn = || book.drawn(&made.body);
        match made.kind.as_str() {
            "assignment.cancelled" => {
                let assignment = text(&made.body, "assignment");
                // What went back with the cancellation is taken again.
                for moved in &made.moves {
                    let from = format!("on hand {}", moved.lot);
                    self.lot(&moved.lot).take(&from, &format!("assigned {assignment}"), Some(moved.minor));
                }
            }
            "delivery.made" => {
                let back = format!("assigned {}", text(&made.body, "assignment"));
                drawn().iter().for_each(|(lot, _)| _ = self.lot(lot).take(&format!("delivered {id}"), &back, None));
            }
            "transfer.accepted" => {
                let transfer = text(&made.body, "transfer");
                for (lot, _) in book.drawn(&book.events[transfer].body) {
                    for word in ["passed on", "lost"] {
                        self.lot(&lot).take(&format!("{word} {id}"), &format!("in transit {transfer}"), None);
                    }
                }
            }
            "assignment.made" | "transfer.sent" | "purchase.made" | "expense.paid" | "loss.recorded" | "donation.returned" => {
                for (lot, _) in drawn() {
                    for word in ["assigned", "in transit", "bought", "spent", "lost", "returned"] {
                        self.lot(&lot).take(&format!("{word} {id}"), &format!("on hand {lot}"), None);
                    }
                }
            }
            _ => {}
        }
        let made_lots: Vec<_> =
            self.lots.range(id.clone()..).map(|(lot, _)| lot).take_while(|lot| lot.starts_with(id.as_str())).cloned().collect();
        made_lots.iter().for_each(|lot| _ = self.lot(lot).take(&format!("on hand {lot}"), "nowhere", None));
    }
}

/// The parts of stretches, laid end to end, that lie between two places on them.
fn within<'a>(stretches: impl Iterator<Item = (&'a String, Stretch)>, from: i128, to: i128) -> Vec<(&'a String, Stretch)> {
    let (mut parts, mut passed) = (Vec::new(), 0);
    for (lot, (start, end)) in stretches {
        let (low, high) = (from.max(passed), to.min(passed + end - start));
        if low < high {
            parts.push((lot, (start + low - passed, start + high - passed)));
        }
        passed += end - start;
    }
    parts
}
