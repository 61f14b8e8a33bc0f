//! A winter of aid in the invented city of Qarasu, from 2025-11-01 to 2026-02-28: the ledger that `aidledger demo` makes.
//!
//! Sixteen organizations, five districts, three programmes, some thousands of events of every kind there is. The log is taken in twice a day,
//! at 13:00 and 19:00 of local time (08:00 and 14:00 UTC), with what the devices have signed since. All of it follows from a fixed seed: the same
//! bytes on every machine, and keys that everybody can make again, so nothing in it is evidence of anything.
//!
//! People make honest mistakes in it, and correct them in the open. And some things in it obey every rule, but an auditor should ask about them.
//! By the word of the flag that asks:
//!
//! | flag | who | what, and how to find it |
//! | --- | --- | --- |
//! | `one-key` | `aq-bata`, the key `tablet-7` | It enrols households nobody vouches for, assigns to them and delivers within minutes. Deliveries whose signer also enrolled the recipient and made the assignment: 20 or more of one key. |
//! | `only-one-visitor` | `jas-qanat`, the key `phone-2` | Ten households, enrolled by the phone that then makes every visit; nobody else ever sees them, though the organization has other keys that visit. Recipients whose enrolment, deliveries, failed deliveries and confirmations are all by one key, with 2 or more deliveries on different days: 5 or more of one key. The assignments are the coordinator's. |
//! | `burst` | `asar`, the key `phone-2` | Dozens of deliveries in half an hour. 25 or more deliveries of one signer within 30 minutes of `time`. |
//! | `night-work` | `asar`, the key `phone-2` | The same deliveries, at two in the morning. 25 or more deliveries of one signer on one night between 18:00 and 24:00 UTC, which is 23:00 to 05:00 in Qarasu. |
//! | `backdating` | `sapar`, the key `phone-1` | Five weeks entered in one evening. 20 or more events of one signer with one `recorded`, each more than 7 days after its `time`. |
//! | `identical-quantities` | `bereke` | The same quantity whatever the household's size. 40 or more assignments of an item to households of 4 or more sizes, all of one quantity. |
//! | `reversals` | `meyirim`, the key `coordinator` | It takes back far more than others. Three times as many reversals as the next signer, and 20 or more. |
//! | `reused-evidence` | `shipa`, its phones | One photograph for many deliveries. The same `evidence` in 5 or more deliveries; nobody else names one twice. |
//! | `claimed-only` | `tirek` | Nobody but the organization says that anything was delivered. 30 or more deliveries, none with a code, a confirmation or evidence. |
//! | `need-unserved` | `besik` | The needs of 11 households in `shanyraq` for `baby-formula` are written down, and nothing is ever delivered. Needs of one organization in one district for one item, nothing of which was delivered 30 days after `due`: 10 or more. |
//! | `area-gap` | `korshi` | In `warm-winter` in `koktobe` 24 needs for `coal` get a tenth. Of what needs ask for in a programme and district, counting each need as the share of it that was delivered, less than 60 in 100 came; it is more than 65 everywhere else. |
//! | `below-threshold` | `ardager`, the key `cash-desk` | Twelve bills just below 1,000,000.00 KZT, from which on a second key must agree. 8 or more expenses of one organization between 95 and 100 in 100 of a band. |
//! | `overhead` | `senim` | Salaries and rent of far more than the policy's 100 in 1000. Expenses without a programme, of all that expenses and purchases took. |
//! | `price-outlier` | `korshi` | Sugar at more than three times what all others pay: 2.5 times the median cost per unit of the item, or more. |
//! | `transit-loss` | `nan-bank`, the carrier `jel-express` | An eighth to a quarter of each load does not arrive. What was lost of what one organization sent by one carrier, over 5 or more transfers: over 5 in 100; all others lose less than 1. |
//! | `stock-differs` | `shipa` | Two counts of `medicine-kit` and `mask-box` far below the books, and never an explanation: 5 in 100 or more, no loss recorded within a week. |
//! | `idle-gift` | `jyly-uy` | A large restricted gift lies idle: a restricted lot of 10,000,000.00 KZT or more, untouched for more than 60 days. |
//! | `pledge-unkept` | `besik` | 8,000,000.00 KZT promised for 2025-12-15, of which nothing came. A pledge of 1,000,000.00 KZT or more, 30 or more days past `due`, with less than half received. |
//!
//! [`PLANTED`] names them for programs; `tests/demo.rs` finds each by its definition, and finds nobody else. And some things only look like it, or
//! are answered by the organization (`dispute.answered` with the flag): a distribution day of `nan-bank` on 2025-12-20 (`burst`, by daylight),
//! coal at twice its price in a cold week, bought by `jyly-uy` on 2026-01-15 (`price-outlier`), a count of `besik` with a slip of the pen, reversed
//! the next day, and two kilograms of flour of `nan-bank` missing and written off on the day of the count (`stock-differs`).
//!
//! * [`qarasu`]: names. `story`: what happens, day by day. `giving`, `helping`, `moving`, `witnesses`: the sorts of work in it.
//!   `planted`, `planted_stock`: the things above.

mod giving;
mod helping;
mod moving;
mod planted;
mod planted_stock;
pub mod qarasu;
mod story;
mod witnesses;

use crate::crypto::SecretKey;
use crate::event::kinds::Role;
use crate::event::{EventId, Time};
use crate::service::simulate::Batch;
use crate::service::simulate::random::Random;

/// The irregularities: what it is, the organization whose work shows it, and the word of the flag that asks about it.
pub const PLANTED: [(&str, &str, &str); 18] = [
    ("one key does everything", "aq-bata", "one-key"),
    ("one phone sees ten households, and nobody else does", "jas-qanat", "only-one-visitor"),
    ("many deliveries in half an hour", "asar", "burst"),
    ("deliveries in a night", "asar", "night-work"),
    ("entered weeks later", "sapar", "backdating"),
    ("the same quantity for all", "bereke", "identical-quantities"),
    ("one signer reverses much", "meyirim", "reversals"),
    ("one photograph for many deliveries", "shipa", "reused-evidence"),
    ("nobody else says that it was delivered", "tirek", "claimed-only"),
    ("the needs of one district are not met", "besik", "need-unserved"),
    ("much is needed in one district and little comes", "korshi", "area-gap"),
    ("bills just below what needs an approval", "ardager", "below-threshold"),
    ("more overhead than was declared", "senim", "overhead"),
    ("sugar at three times its price", "korshi", "price-outlier"),
    ("one carrier loses much", "nan-bank", "transit-loss"),
    ("counts far below the books", "shipa", "stock-differs"),
    ("a restricted gift lies idle", "jyly-uy", "idle-gift"),
    ("a large pledge is not kept", "besik", "pledge-unkept"),
];

/// What the campaign's chance follows from.
pub(crate) const SEED: u64 = 20_251_101;

/// The whole campaign, signed.
#[derive(Debug)]
pub struct Campaign {
    /// The ledger's id.
    pub id: EventId,
    /// What reaches the log together; the first batch is the opening event alone.
    pub batches: Vec<Batch>,
    /// Keys to go on with: the registrar's and those of the food bank.
    pub keys: Vec<PlayKey>,
}

/// A key that anybody may play with.
#[derive(Debug)]
pub struct PlayKey {
    /// The name of its file.
    pub name: &'static str,
    /// The organization it signs for.
    pub organization: &'static str,
    /// Its role there.
    pub role: Role,
    /// The key.
    pub key: SecretKey,
}

/// The log's key. Anybody can make it.
pub fn log_key() -> SecretKey {
    device_key("log", "log")
}

/// The key of a device: it follows from the names, so that the story need not hand keys around.
fn device_key(organization: &str, label: &str) -> SecretKey {
    SecretKey::from_seed(&device_seed(organization, label))
}

fn device_seed(organization: &str, label: &str) -> [u8; 32] {
    Random::new(&format!("campaign key {organization}/{label}"), SEED).bytes()
}

/// Plans and signs the campaign.
pub fn campaign() -> Campaign {
    let story = story::Story::tell();
    let food_bank = |name, label, role| PlayKey { name, organization: "nan-bank", role, key: device_key("nan-bank", label) };
    let keys = vec![
        PlayKey {
            name: "registrar",
            organization: qarasu::AKIMAT.0,
            role: Role::Registrar,
            key: device_key(qarasu::AKIMAT.0, "registrar"),
        },
        food_bank("admin", "office", Role::Admin),
        food_bank("finance", "cash-desk", Role::Finance),
        food_bank("intake", "reception", Role::Intake),
        food_bank("assign", "coordinator", Role::Assign),
        food_bank("field", "phone-1", Role::Field),
        PlayKey { name: "auditor", organization: qarasu::AUDITORS.0, role: Role::Audit, key: device_key(qarasu::AUDITORS.0, "auditor") },
    ];
    Campaign { id: story.authors.ledger(), batches: story.batches, keys }
}

/// A time written in this program, `2026-01-31T09:30:00Z`.
fn moment(text: &str) -> Time {
    text.parse().expect("the story's times are written as times are")
}
