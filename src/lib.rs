//! # aidledger
//!
//! One ledger of aid for a whole city: every donation, assignment and delivery is an append-only event signed by the organization that did
//! it, in a hash-chained transparency log. Balances and recipient histories are folds over the log, so anybody can audit that help went where it was
//! meant to. The bytes are specified in `ledger-spec.md`; put it beside this documentation and tick off sections.
//!
//! ```text
//!   draft ──sign──> signed event ──check──> accepted ──append──> entry ──> tree ──> checkpoint
//!  (author)                        (rules)            (log)              (RFC 6962) (signed)
//!                                     │
//!                                     └──> postings ──fold──> views: balances, histories, listings
//! ```
//!
//! ## Layers
//!
//! A layer uses only those to its left. Everything left of `store` is pure: no files, no clock, no randomness.
//!
//! `canonical, crypto -> event -> log -> rules, views, provenance -> store, vault -> flags, service -> cli`
//!
//! | layer | what it is | its invariant |
//! | --- | --- | --- |
//! | [`canonical`] | canonical JSON | one value has exactly one byte string |
//! | [`crypto`] | hashes, keys, signatures, notes | what is admitted here, every other library accepts |
//! | [`event`] | kinds, values, signed events | an id names one content, a signature one author |
//! | [`log`] | entries, chain, tree, tiles, checkpoints, proofs | bytes are those of the C2SP specifications |
//! | [`rules`] | the state machine | `check` decides, `apply` cannot fail |
//! | [`provenance`] | what became of a gift, who paid for a parcel | each unit of each gift is in one place |
//! | [`views`] | folds with digests | the same log gives the same rows everywhere |
//! | [`store`] | files, sled, a simulated disk | what was acknowledged survives a crash |
//! | [`vault`] | what must never enter a ledger, in a sealed file | it knows no ledger, and no ledger knows it |
//! | [`flags`] | what to ask about, and samples | asks and never condemns; the same log gives the same questions |
//! | [`service`] | writer, readers, recovery, audit | nothing is signed before it is durable |
//! | [`cli`] | the command line | 0 yes, 1 an honest no, 2 could not tell |
//!
//! ## A whole life in one example
//!
//! Open a ledger, append, prove, verify:
//!
//! ```
//! use aidledger::canonical::{Names, Set, encode};
//! use aidledger::crypto::SecretKey;
//! use aidledger::event::kinds::{Body, ItemDefined, ItemType, LedgerOpened, Origin, Role};
//! use aidledger::event::signed::FeedHead;
//! use aidledger::event::{Draft, EventId, Time};
//! use aidledger::log::policy::Policy;
//! use aidledger::service::audit::{self, Options, Source};
//! use aidledger::service::{Answer, Ledger};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let folder = tempfile::tempdir()?;
//! // Seeds come from the system's random source in real life.
//! let (log_key, me) = (SecretKey::from_seed(&[1; 32]), SecretKey::from_seed(&[2; 32]));
//! let now: Time = "2026-01-05T09:30:00Z".parse()?;
//!
//! // Open: entry 0 names the log's key; its event id is the ledger's id.
//! let opening = Draft {
//!     organization: "our-fund".parse()?,
//!     time: now,
//!     body: Body::LedgerOpened(LedgerOpened {
//!         log_key: log_key.public(),
//!         name: Names::one("en", "Our ledger"),
//!         organization_name: Names::one("en", "Our fund"),
//!         origin: "our-fund.example/2026".parse::<Origin>()?,
//!         roles: Set::new(vec![Role::Registrar, Role::Admin]),
//!         rules: 1,
//!     }),
//! };
//! let opening = opening.sign(EventId::ZERO, FeedHead::EMPTY, &me);
//! let mut ledger = Ledger::create(folder.path(), &opening, log_key, now)?;
//!
//! // Append: the author signs, the log judges, numbers, links, syncs and answers with a receipt.
//! let rice = Draft {
//!     organization: "our-fund".parse()?,
//!     time: now,
//!     body: Body::ItemDefined(ItemDefined {
//!         category: "food".parse()?,
//!         decimals: 3,
//!         item: "rice".parse()?,
//!         name: Names::one("en", "Rice"),
//!         r#type: ItemType::Goods,
//!         unit: Some("kg".parse()?),
//!     }),
//! };
//! let signed = rice.sign(ledger.id(), ledger.feed(&me.public()), &me);
//! let answers = ledger.append(&[encode(&signed)], now)?;
//! let Answer::Accepted(receipt) = &answers[0] else { panic!("{answers:?}") };
//! assert_eq!((receipt.index, receipt.id), (1, signed.id()));
//!
//! // Prove: whoever trusts the log's key checks the receipt offline.
//! let vkey = aidledger::service::recovery::log_vkey(ledger.state())?;
//! let policy = Policy::parse(format!("log {vkey}\nquorum none\n").as_bytes())?;
//! receipt.proof.check(&receipt.entry, &policy)?;
//! ledger.close()?;
//!
//! // Verify: from the bytes alone.
//! let report = audit::verify(&Source::folder(folder.path())?, &Options::default(), &|_| {})?;
//! assert!(report.is_clean());
//! assert_eq!(report.size, 2);
//! # Ok(())
//! # }
//! ```

#![forbid(unsafe_code)]

pub mod canonical;
pub mod cli;
pub mod crypto;
pub mod event;
pub mod flags;
pub mod import;
pub mod log;
pub mod provenance;
pub mod rules;
pub mod service;
pub mod store;
pub mod vault;
pub mod views;
