//! A winter of aid in the invented city of Qarasu, from 2025-11-01 to 2026-02-28: the ledger that `aidledger demo` makes.
//!
//! Fourteen organizations, five districts, three programmes, some thousands of events. The log is taken in twice a day, at 13:00 and 19:00 of
//! local time (08:00 and 14:00 UTC), with what the devices have signed since. All of it follows from a fixed seed: the same bytes on every machine, and
//! keys that everybody can make again, so nothing in it is evidence of anything.
//!
//! People make honest mistakes in it, and correct them in the open. And some things in it obey every rule, but an auditor should ask about them:
//!
//! | what | who | how to find it |
//! | --- | --- | --- |
//! | one key does everything: it enrols households nobody vouches for, assigns to them and delivers within minutes | `aq-bata`, the key `tablet-7` | recipients whose enrolment, assignment and delivery have the same signer |
//! | deliveries in a night: dozens in half an hour, at two in the morning | `asar`, the key `phone-2` | 25 or more deliveries of one signer within 30 minutes between 18:00 and 24:00 UTC |
//! | the same quantity whatever the household's size | `bereke` | 40 or more assignments of an item to households of many sizes, all of one quantity |
//! | five weeks entered in one evening | `sapar`, the key `phone-1` | 20 or more events of one signer with one `recorded`, each more than 7 days after its `time` |
//! | a large restricted gift lies idle | `jyly-uy` | a restricted lot of 10,000,000.00 KZT or more, untouched for more than 60 days |
//! | one signer takes back far more than others | `meyirim`, the key `coordinator` | three times as many reversals as the next signer, and 20 or more |
//!
//! [`PLANTED`] names them for programs; `tests/demo.rs` finds each by its definition, and finds nobody else.
//!
//! * [`qarasu`]: names. `story`: what happens, day by day. `planted`: the six things above.

mod planted;
pub mod qarasu;
mod story;

use crate::crypto::SecretKey;
use crate::event::kinds::Role;
use crate::event::{EventId, Time};
use crate::service::simulate::Batch;
use crate::service::simulate::random::Random;

/// The irregularities, each with the organization whose work shows it.
pub const PLANTED: [(&str, &str); 6] = [
    ("one key does everything", "aq-bata"),
    ("deliveries in a night", "asar"),
    ("the same quantity for all", "bereke"),
    ("entered weeks later", "sapar"),
    ("a restricted gift lies idle", "jyly-uy"),
    ("one signer reverses much", "meyirim"),
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
    let batches = story.batches.iter().map(|(recorded, planned)| Batch { recorded: *recorded, submissions: story.authors.sign(planned) });
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
    ];
    Campaign { id: story.authors.ledger(), batches: batches.collect(), keys }
}

/// A time written in this program, `2026-01-31T09:30:00Z`.
fn moment(text: &str) -> Time {
    text.parse().expect("the story's times are written as times are")
}
