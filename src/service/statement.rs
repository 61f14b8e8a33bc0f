//! A volunteer's statement of service: what was signed about one volunteer, with a proof for each event, to be checked offline.
//!
//! ```text
//! statement.json   {"awards":[…],"deliveries":31,"ledger":"<64 hex>","minutes":1260,"organization":"kitchen","proofs":["c2sp.org/tlog-proof@v1\n…", …],"size":9000,"volunteer":"<32 hex>"}
//! ```
//!
//! The figures are sums over the proven events and nothing else, so whoever checks the proofs computes them anew. All proofs are under one
//! checkpoint. What it cannot show is that none of the events was reversed after that checkpoint; nor who the token is: that is the organization's
//! to say.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::canonical::Names;
use crate::event::kinds::{Award, Body};
use crate::event::{Code, Date, EventId, Token};
use crate::log::evidence::{EvidenceError, check_event};
use crate::log::policy::Policy;
use crate::log::proof::Proof;
use crate::service::html::escape;

/// A statement whose proofs hold.
#[derive(Debug)]
pub struct Statement {
    /// Whom it is about.
    pub volunteer: Token,
    /// For whom the volunteer worked.
    pub organization: Code,
    /// Of service.
    pub minutes: u64,
    /// Under the volunteer's key.
    pub deliveries: u64,
    /// Given.
    pub awards: BTreeSet<Award>,
    /// The first and last day of what is proven.
    pub days: (Date, Date),
    ledger: EventId,
    origin: String,
    size: u64,
    root: String,
    proofs: Vec<String>,
}

/// Why a statement does not hold.
#[derive(Debug, thiserror::Error)]
pub enum StatementError {
    /// The file is not a statement.
    #[error("it cannot be read: {0}")]
    Form(String),
    /// A proof fails.
    #[error("proof {number}: {error}")]
    Proof {
        /// Counted from 0.
        number: usize,
        /// What fails.
        error: String,
    },
    /// The proofs do not show what the figures say.
    #[error("`{member}` says {found}, the proofs show {expected}")]
    Figure {
        /// Which figure.
        member: &'static str,
        /// What the proofs show.
        expected: String,
        /// What the statement says.
        found: String,
    },
}

/// The most proofs in a statement, and so how long a check takes at most.
const PROOFS_MAX: usize = 100_000;

/// Hours and minutes, `21:05`.
pub fn hours(minutes: u64) -> String {
    format!("{}:{:02}", minutes / 60, minutes % 60)
}

impl Statement {
    /// Sums what the proofs show about a volunteer.
    ///
    /// # Errors
    /// The first proof that does not hold, or that shows something else than a volunteer's work.
    pub fn of(ledger: EventId, volunteer: Token, proofs: Vec<String>, policy: &Policy) -> Result<Statement, StatementError> {
        let mut joined: Option<(Code, Option<crate::crypto::PublicKey>)> = None;
        let (mut minutes, mut deliveries, mut awards) = (0u64, 0u64, BTreeSet::new());
        let mut days: Option<(Date, Date)> = None;
        let mut under: Option<(String, u64, String)> = None;
        let mut last = None;
        if proofs.len() > PROOFS_MAX {
            return Err(StatementError::Form(format!("it has {} proofs, at most {PROOFS_MAX} are looked at", proofs.len())));
        }
        for (number, text) in proofs.iter().enumerate() {
            let wrong = |error: String| StatementError::Proof { number, error };
            let proof = Proof::parse(text.as_bytes()).map_err(|error| wrong(error.to_string()))?;
            let entry = proof.unauthenticated_extra();
            let proven = check_event(&proof, entry, policy, Some(ledger)).map_err(|error: EvidenceError| wrong(error.to_string()))?;
            let checkpoint = &proven.satisfied.checkpoint;
            let here = (checkpoint.origin().to_string(), checkpoint.size(), checkpoint.root().to_string());
            if under.get_or_insert_with(|| here.clone()) != &here {
                return Err(wrong("it is under another checkpoint than the first".into()));
            }
            if last.is_some_and(|last| last >= proof.index()) {
                return Err(wrong("proofs ascend, each entry once".into()));
            }
            last = Some(proof.index());
            let event = &proven.decoded.entry.event;
            let mine = |of: &Token| *of == volunteer && joined.is_some_and(|(organization, _)| organization == event.organization);
            let day = match &event.body {
                Body::VolunteerJoined(body) if body.volunteer == volunteer && joined.is_none() => {
                    joined = Some((event.organization, body.key));
                    event.time.date()
                }
                Body::ServiceRecorded(body) if mine(&body.volunteer) => {
                    minutes += body.minutes;
                    body.day
                }
                Body::RecognitionAwarded(body) if mine(&body.volunteer) => {
                    awards.insert(body.award);
                    event.time.date()
                }
                Body::DeliveryMade(_) if joined.is_some_and(|(_, key)| key == Some(event.signer)) => {
                    deliveries += 1;
                    event.time.date()
                }
                body => return Err(wrong(format!("a {} is not this volunteer's work", body.kind()))),
            };
            days = Some(days.map_or((day, day), |(first, until)| (first.min(day), until.max(day))));
        }
        let (Some((organization, _)), Some(days), Some((origin, size, root))) = (joined, days, under) else {
            return Err(StatementError::Form("it does not show that the volunteer joined".into()));
        };
        Ok(Statement { volunteer, organization, minutes, deliveries, awards, days, ledger, origin, size, root, proofs })
    }

    /// Reads a statement and checks every proof and figure.
    ///
    /// # Errors
    /// What does not hold first.
    pub fn check(bytes: &[u8], policy: &Policy) -> Result<Statement, StatementError> {
        let form = |what: &str| StatementError::Form(what.to_owned());
        let value: Value = serde_json::from_slice(bytes).map_err(|error| StatementError::Form(error.to_string()))?;
        let text = |member: &str| value[member].as_str().ok_or_else(|| form(&format!("`{member}` is missing")));
        let ledger: EventId = text("ledger")?.parse().map_err(|what: String| form(&what))?;
        let volunteer: Token = text("volunteer")?.parse().map_err(|what: String| form(&what))?;
        let proofs = value["proofs"].as_array().ok_or_else(|| form("`proofs` is missing"))?;
        let proofs = proofs.iter().map(|proof| proof.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>();
        let statement = Statement::of(ledger, volunteer, proofs.ok_or_else(|| form("a proof is a string"))?, policy)?;
        let shown = statement.to_json();
        for member in ["awards", "deliveries", "minutes", "organization", "origin", "root", "size", "first_day", "last_day"] {
            if shown[member] != value[member] {
                return Err(StatementError::Figure { member, expected: shown[member].to_string(), found: value[member].to_string() });
            }
        }
        Ok(statement)
    }

    /// The statement for programs.
    pub fn to_json(&self) -> Value {
        json!({
            "awards": self.awards.iter().map(|award| award.word()).collect::<Vec<_>>(), "deliveries": self.deliveries,
            "first_day": self.days.0.to_string(), "last_day": self.days.1.to_string(), "ledger": self.ledger.to_string(), "minutes": self.minutes,
            "organization": self.organization.as_str(), "origin": self.origin, "proofs": self.proofs, "root": self.root, "size": self.size,
            "volunteer": self.volunteer.to_string(),
        })
    }

    /// The statement in a few lines.
    pub fn summary(&self) -> String {
        let awards = self.awards.iter().map(|award| award.word()).collect::<Vec<_>>().join(", ");
        format!(
            "  volunteer     {}\n  organization  {}\n  from          {} to {}\n  service       {} h\n  deliveries    {}\n  awards        {}\n  as of entry   {} of {}",
            self.volunteer,
            self.organization,
            self.days.0,
            self.days.1,
            hours(self.minutes),
            self.deliveries,
            if awards.is_empty() { "none" } else { &awards },
            self.size,
            self.origin
        )
    }

    /// A page to print: self-contained, without script. The name is on the page only, never in the file that is checked.
    pub fn page(&self, organization: &Names, name: Option<&str>) -> String {
        let whose = name.map_or_else(|| self.volunteer.to_string(), escape);
        let awards = if self.awards.is_empty() {
            "—".to_owned()
        } else {
            self.awards.iter().map(|award| award.word()).collect::<Vec<_>>().join(", ")
        };
        let names = ["kk", "ru", "en"].map(|language| escape(organization.best(language)));
        let row = |kk: &str, ru: &str, en: &str, value: &str| format!("<tr><th>{kk} · {ru} · {en}</th><td>{value}</td></tr>\n");
        let mut rows = String::new();
        rows += &row("Кезең", "Период", "Period", &format!("{} – {}", self.days.0, self.days.1));
        rows += &row("Қызмет сағаттары", "Часы службы", "Hours of service", &hours(self.minutes));
        rows += &row("Жеткізулер", "Доставки", "Deliveries", &self.deliveries.to_string());
        rows += &row("Марапаттар", "Награды", "Awards", &awards);
        rows += &row("Еріктінің белгісі", "Метка волонтёра", "Volunteer's token", &self.volunteer.to_string());
        rows += &row("Кітап", "Книга", "Ledger", &format!("{}<br><small>{}</small>", escape(&self.origin), self.ledger));
        rows +=
            &row("Бақылау нүктесі", "Контрольная точка", "Checkpoint", &format!("{}<br><small>{}</small>", self.size, escape(&self.root)));
        format!(
            "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
<title>Statement of service</title>\n<style>\n\
body{{font:16px/1.5 Georgia,serif;max-width:44rem;margin:2rem auto;padding:0 1rem;color:#1c2430;background:#fff}}\n\
h1{{font-size:1.5rem;text-align:center;margin:2rem 0 .5rem}}\n.who{{font-size:1.6rem;text-align:center;margin:1.5rem 0;overflow-wrap:anywhere}}\n\
.organization{{text-align:center;color:#445}}\ntable{{width:100%;border-collapse:collapse;margin:2rem 0}}\n\
th,td{{text-align:left;vertical-align:top;padding:.45rem .3rem;border-bottom:1px solid #ccd;overflow-wrap:anywhere}}\nth{{font-weight:normal;color:#445;width:50%}}\n\
small{{font:12px/1.4 monospace}}\nfooter{{font-size:.85rem;color:#445}}\n@media print{{body{{margin:0;max-width:none}}}}\n</style></head>\n<body>\n\
<h1>Қызмет туралы анықтама · Справка о службе · Statement of service</h1>\n<p class=\"organization\"><bdi>{}</bdi> · <bdi>{}</bdi> · <bdi>{}</bdi></p>\n<p class=\"who\"><bdi>{whose}</bdi></p>\n\
<table>\n{rows}</table>\n<footer><p>Бұл парақ қол қойылған оқиғалардан есептелген; statement.json файлын кез келген адам желісіз тексере алады. Кейін жойылған оқиғаларды тек кітап көрсетеді. · \
Этот лист вычислен из подписанных событий; файл statement.json может проверить каждый, без сети. Отменённое позже покажет только книга. · \
This page was computed from signed events; anybody can check the file statement.json offline. What was reversed later, only the ledger shows:</p>\n<p><code>aidledger volunteer check statement.json --vkey …</code></p></footer>\n</body></html>\n",
            names[0], names[1], names[2]
        )
    }
}
