//! my-gift and my-record: what the ledger says to whoever holds a code. The code never leaves this machine: only what follows from it is looked for.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use crate::cli::context::{LedgerArg, short};
use crate::cli::headline::headline;
use crate::cli::report::{Failure, Out, table};
use crate::cli::submit::{next_line, open_input};
use crate::cli::trace::{PART_COLUMNS, gift_parts};
use crate::crypto::SecretKey;
use crate::crypto::code::PaperCode;
use crate::event::kinds::Kind;
use crate::provenance::POOLING_RULE;
use crate::views::Slot;

/// Reads the code of a slip, receipt or card: the first line of a file, `-` for stdin.
pub fn read_code(path: &Path) -> Result<PaperCode, Failure> {
    let mut input = open_input(path)?;
    let line = zeroize::Zeroizing::new(next_line(&mut *input, 1)?.unwrap_or_default());
    let text = std::str::from_utf8(&line).map_err(|_| Failure::unable("the code is not text"))?;
    text.parse::<PaperCode>().map_err(|refusal| Failure::unable(format!("{}: {refusal}", path.display())))
}

/// The key that follows from the code on a recipient's card.
pub fn read_card(path: &Path) -> Result<SecretKey, Failure> {
    Ok(read_code(path)?.card_key())
}

/// Show what became of a gift, by the code on the donor's receipt.
#[derive(Debug, Args)]
pub struct MyGift {
    /// A file whose first line is the code; - for stdin.
    #[arg(long, default_value = "-", value_name = "FILE")]
    code_file: PathBuf,
    #[command(flatten)]
    ledger: LedgerArg,
}

impl MyGift {
    /// Runs the command.
    pub fn run(self, out: &Out) -> Result<(), Failure> {
        let lock = read_code(&self.code_file)?.lock();
        let reader = self.ledger.read_views(out)?;
        let state = &reader.state;
        let entry = state.locks.get(&lock).copied().filter(|entry| state.made[*entry as usize].kind == Kind::DonationReceived);
        let Some(entry) = entry else {
            return Err(Failure::no("no gift of this ledger has this code")
                .hint("compare the code with the receipt, and the ledger with the one it names"));
        };
        let id = state.ids.at(entry);
        let (_, decoded) = reader.entry(u64::from(entry))?;
        let (rows, parts) = gift_parts(&reader, &id, None)?;
        // By where it is now, for who wants it short.
        let mut sums: BTreeMap<(String, String, String), i128> = BTreeMap::new();
        let mut decimals: BTreeMap<String, u8> = BTreeMap::new();
        for part in &parts {
            let text = |member: &str| part[member].as_str().unwrap_or_default().to_owned();
            let value: crate::event::Quantity = text("value").parse().expect("an amount that was just written");
            decimals.insert(text("currency"), value.decimals);
            *sums.entry((text("currency"), text("place"), text("region"))).or_default() += i128::from(value.minor);
        }
        let summary: Vec<Vec<String>> = sums
            .iter()
            .map(|((currency, place, region), minor)| {
                let amount = crate::event::values::format_minor(*minor, decimals[currency]);
                vec![amount, currency.clone(), place.clone(), region.clone()]
            })
            .collect();
        let head = headline(state, &decoded);
        let json = json!({
            "size": reader.chain.size, "gift": id.to_string(), "received": decoded.entry.event.time.to_string(), "what": head, "parts": parts,
            "pooling_rule": POOLING_RULE,
        });
        out.answer(json, || {
            format!(
                "{head}, received {}\n\n{}\n\nIn detail\n{}\n\n{POOLING_RULE}",
                decoded.entry.event.time.date(),
                table(&["OF THE GIFT", "", "WHERE", "REGION"], summary, &[0]),
                table(&PART_COLUMNS, rows, &[0])
            )
        });
        Ok(())
    }
}

/// Show all that was recorded about a recipient, by the code on their card.
///
/// To say that something of it is not so: `aidledger dispute DELIVERY --reason … --card-file FILE`.
#[derive(Debug, Args)]
pub struct MyRecord {
    /// A file whose first line is the code; - for stdin.
    #[arg(long, default_value = "-", value_name = "FILE")]
    card_file: PathBuf,
    #[command(flatten)]
    ledger: LedgerArg,
}

impl MyRecord {
    /// Runs the command.
    pub fn run(self, out: &Out) -> Result<(), Failure> {
        let key = read_card(&self.card_file)?.public();
        let reader = self.ledger.read_views(out)?;
        let state = &reader.state;
        let Some(&place) = state.recipient_keys.get(&key) else {
            return Err(Failure::no("nobody in this ledger has this card")
                .hint("compare the code with the card, and the ledger with the one it names"));
        };
        let recipient = &state.recipients[place.at()];
        let mut rows = Vec::new();
        let mut entries = Vec::new();
        for index in reader.listing(Slot::of_entry(recipient.entry), &format!("recipient/{}", recipient.token))? {
            let (_, decoded) = reader.entry(index)?;
            let event = &decoded.entry.event;
            let reversed = state.made[index as usize].reversed;
            let what = headline(state, &decoded);
            rows.push(vec![
                event.time.date().to_string(),
                event.organization.to_string(),
                event.kind().to_string(),
                if reversed { format!("{what} (reversed)") } else { what.clone() },
                short(decoded.id),
            ]);
            entries.push(json!({
                "index": index, "id": decoded.id.to_string(), "time": event.time.to_string(), "organization": event.organization.as_str(),
                "kind": event.kind().word(), "what": what, "reversed": reversed,
            }));
        }
        let (region, programme) = (state.regions.code(recipient.region.0), state.programmes.code(recipient.programme.0));
        let json = json!({
            "size": reader.chain.size, "recipient": recipient.token.to_string(), "programme": programme.as_str(), "region": region.as_str(), "entries": entries,
        });
        out.answer(json, || {
            format!(
                "recipient {}, {programme}, {region}\n\n{}",
                recipient.token,
                table(&["DAY", "ORGANIZATION", "KIND", "WHAT", "ID"], rows, &[])
            )
        });
        Ok(())
    }
}
