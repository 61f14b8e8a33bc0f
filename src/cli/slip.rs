//! slips: codes on paper, as a page to print; and reading them back.
//!
//! ```text
//! slip      of an assignment    opens its lock: shown at delivery, it proves that the paper was there
//! receipt   of a donation       shows a donor what became of the gift
//! card      of a recipient      shows what is recorded about them, and signs a dispute
//! ```
//!
//! The page is one HTML file without scripts or anything from elsewhere, for A4. It carries no name and no address, since slips get lost;
//! with --label the organization's own label of the person.
//!
//! The QR code of a slip holds the code alone: opened as a link it would be sent to some server before the delivery. Those of receipts and
//! cards may hold a link (--url), with the code after `#`, which browsers do not send.

use std::fmt::Write;
use std::path::PathBuf;

use clap::Args;
use qrcode::{Color, EcLevel, QrCode};
use serde_json::json;
use zeroize::Zeroizing;

use crate::canonical::Names;
use crate::cli::context::{LedgerArg, find_event, find_recipient, short};
use crate::cli::give::find_assignment;
use crate::cli::report::{Failure, Out};
use crate::cli::vault::VaultArg;
use crate::crypto::{Blake3Hash, CodeRefusal, PaperCode};
use crate::event::kinds::{Body, SlipCode};
use crate::event::values::format_minor;
use crate::rules::State;
use crate::service::Reader;
use crate::service::html::escape;
use crate::vault::Vault;
use crate::vault::file::{refuse_in_ledger, write_new};

/// Print slips, receipts and cards with their codes.
///
/// Writes a page for A4, to be printed and cut. Whoever has the page has the codes: remove it after printing.
#[derive(Debug, Args)]
pub struct Slips {
    /// A slip for this assignment, made with `assign --with-code`; repeat for more.
    #[arg(long = "assignment", value_name = "ASSIGNMENT")]
    assignments: Vec<String>,
    /// A receipt for this donation, made with `donate --with-receipt`; repeat for more.
    #[arg(long = "receipt", value_name = "DONATION")]
    receipts: Vec<String>,
    /// A card for this person (handle) or recipient (token), enrolled with `enrol --person`; repeat for more.
    #[arg(long = "card", value_name = "PERSON")]
    cards: Vec<String>,
    /// Print your own label of the person on slips and cards.
    #[arg(long)]
    label: bool,
    /// Where a receipt or card is looked up, like `https://aid.example.org/code`; its QR code then holds this link.
    #[arg(long, value_name = "URL", value_parser = parse_url)]
    url: Option<String>,
    /// The file to write.
    #[arg(long = "out", value_name = "FILE", default_value = "slips.html")]
    output: PathBuf,
    #[command(flatten)]
    vault: VaultArg,
    #[command(flatten)]
    ledger: LedgerArg,
}

fn parse_url(text: &str) -> Result<String, String> {
    let good =
        (text.starts_with("https://") || text.starts_with("http://")) && text.bytes().all(|b| b.is_ascii_graphic()) && !text.contains('#');
    if good { Ok(text.to_owned()) } else { Err("a link begins with https:// and has no `#`".to_owned()) }
}

impl Slips {
    /// Runs the command.
    pub fn run(self, out: &Out) -> Result<(), Failure> {
        if self.assignments.is_empty() && self.receipts.is_empty() && self.cards.is_empty() {
            return Err(Failure::unable("nothing to print is named").hint("name it with --assignment, --receipt or --card"));
        }
        refuse_in_ledger(&self.output)?;
        let vault = self.vault.open()?;
        let reader = self.ledger.read(out)?;
        let mut papers = Vec::new();
        for assignment in &self.assignments {
            papers.push(slip(&reader.state, &vault, assignment, self.label)?);
        }
        for donation in &self.receipts {
            papers.push(receipt(&reader, &vault, donation)?);
        }
        for person in &self.cards {
            papers.extend(cards(&reader.state, &vault, person, self.label)?);
        }
        write_new(&self.output, page(&papers, self.url.as_deref()).as_bytes())?;
        out.say("Notice: whoever has this file has the codes. Remove it after printing.");
        out.answer(json!({ "answer": "written", "file": self.output, "papers": papers.len() }), || {
            format!("{} papers  {}", papers.len(), self.output.display())
        });
        Ok(())
    }
}

/// Reads a code as typed or scanned from a slip, for the lock of its assignment.
///
/// # Errors
/// What is wrong with it: the words of [`CodeRefusal`], or that it is no code at all.
pub fn shown_code(text: &str, lock: Option<&Blake3Hash>) -> Result<SlipCode, Failure> {
    // A ledger may have codes that another program made: what opens the lock as it stands is taken as it stands.
    let raw: Option<SlipCode> = text.trim().parse().ok();
    if let Some(raw) = &raw
        && lock.is_some_and(|lock| Blake3Hash::of(raw.0.as_bytes()) == *lock)
    {
        return Ok(SlipCode(raw.0.clone()));
    }
    match (text.parse::<PaperCode>(), raw) {
        (Ok(code), _) => Ok(SlipCode(code.as_str().to_owned())),
        (Err(CodeRefusal::Length { .. } | CodeRefusal::Character { .. }), Some(raw)) => Ok(raw),
        (Err(refusal), _) => Err(Failure::unable(refusal)),
    }
}

/// One piece of paper.
struct Paper {
    sort: Sort,
    /// Who gives it out.
    organization: Names,
    /// Lines of what is promised, given or joined.
    lines: Vec<String>,
    /// The beginning of the public id, for the office.
    id: String,
    label: Option<String>,
    code: PaperCode,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Sort {
    Slip,
    Receipt,
    Card,
}

impl Sort {
    /// Title and what to do with it: Kazakh, Russian, English.
    fn words(self) -> [(&'static str, &'static str, &'static str); 3] {
        match self {
            Sort::Slip => [
                ("kk", "Көмек алу талоны", "Осы кодты көмекті толық алған соң ғана көрсетіңіз."),
                ("ru", "Талон на получение помощи", "Покажите этот код только тогда, когда получите всё."),
                ("en", "Slip for aid", "Show this code only when you have received everything."),
            ],
            Sort::Receipt => [
                ("kk", "Қайырымдылық түбіртегі", "Осы код бойынша қайырымдылығыңыздың не болғанын көресіз."),
                ("ru", "Квитанция о пожертвовании", "По этому коду видно, что стало с вашим даром."),
                ("en", "Receipt of a gift", "This code shows what became of your gift."),
            ],
            Sort::Card => [
                (
                    "kk",
                    "Алушының картасы",
                    "Бұл код сіз туралы жазылғанның бәрін көрсетеді және келіспейтініңізді білдіруге мүмкіндік береді. Ешкімге бермеңіз.",
                ),
                ("ru", "Карта получателя", "Этот код показывает всё, что о вас записано, и позволяет это оспорить. Никому его не давайте."),
                ("en", "Recipient's card", "This code shows all that is recorded about you and lets you dispute it. Give it to nobody."),
            ],
        }
    }
}

fn slip(state: &State, vault: &Vault, text: &str, label: bool) -> Result<Paper, Failure> {
    let (id, place) = find_assignment(state, text)?;
    let assignment = &state.assignments[place.at()];
    let lock = assignment.lock.as_deref().ok_or_else(|| {
        Failure::no(format!("assignment {} has no lock", short(id))).hint("make it with `aidledger assign … --with-code`")
    })?;
    let code = code_of(vault, lock, format!("assignment {}", short(id)))?;
    let token = state.recipients[assignment.recipient.at()].token;
    let mut lines: Vec<String> = Vec::new();
    for draw in &assignment.draws {
        let item = state.items.at(state.lots[draw.lot.at()].item.0);
        let unit = item.unit.map_or_else(|| state.items.code(state.lots[draw.lot.at()].item.0).to_string(), |unit| unit.to_string());
        lines.push(format!("{} {unit}  {}", format_minor(i128::from(draw.quantity), item.decimals), in_languages(&item.name)));
    }
    lines.extend(assignment.due.map(|due| format!("→ {due}")));
    let label = vault.content.enrolment_of(&token).filter(|_| label).map(|(handle, _)| handle.to_owned());
    let organization = state.organizations.at(assignment.organization.0).name.clone();
    Ok(Paper { sort: Sort::Slip, organization, lines, id: short(id), label, code })
}

fn receipt(reader: &Reader, vault: &Vault, text: &str) -> Result<Paper, Failure> {
    let id = find_event(&reader.state, text)?;
    let index = reader.find(&id).ok_or_else(|| Failure::no(format!("there is no event {id}")))?;
    let (_, decoded) = reader.entry(index)?;
    let Body::DonationReceived(body) = &decoded.entry.event.body else {
        return Err(Failure::no(format!("event {} is not a donation", short(id))));
    };
    let lock = body.receipt.ok_or_else(|| {
        Failure::no(format!("donation {} has no receipt code", short(id))).hint("make it with `aidledger donate … --with-receipt`")
    })?;
    let state = &reader.state;
    let line = |line: &crate::event::kinds::LotLine| match state.items.find(&line.item).map(|place| state.items.at(place)) {
        Some(item) => format!("{} {}  {}", line.quantity, item.unit.unwrap_or(line.item), in_languages(&item.name)),
        None => format!("{} {}", line.quantity, line.item),
    };
    let mut lines: Vec<String> = body.lots.iter().map(line).collect();
    lines.push(decoded.entry.event.time.date().to_string());
    let organization = state.organizations.find(&decoded.entry.event.organization).expect("an event's organization is registered");
    let organization = state.organizations.at(organization).name.clone();
    Ok(Paper {
        sort: Sort::Receipt,
        organization,
        lines,
        id: short(id),
        label: None,
        code: code_of(vault, &lock, format!("donation {}", short(id)))?,
    })
}

fn cards(state: &State, vault: &Vault, text: &str, label: bool) -> Result<Vec<Paper>, Failure> {
    let enrolments: Vec<_> = match vault.content.people.get(text) {
        Some(person) => person.enrolments.iter().map(|enrolment| (text, enrolment)).collect(),
        None => {
            let token = find_recipient(state, text)?;
            let found = vault.content.enrolment_of(&token);
            let unknown =
                || Failure::no(format!("the vault does not hold the recipient {token}")).hint("`aidledger vault list` shows whom it holds");
            vec![found.ok_or_else(unknown)?]
        }
    };
    let mut papers = Vec::new();
    for (handle, enrolment) in enrolments {
        // A plan that the ledger never saw, or one that was undone, gets no card: its code would show nothing.
        let Some(place) = state.recipient_of.get(&enrolment.token).filter(|_| !enrolment.retired) else { continue };
        let recipient = &state.recipients[place.at()];
        let programme = state.programmes.at(recipient.programme.0);
        papers.push(Paper {
            sort: Sort::Card,
            organization: state.organizations.at(state.made[recipient.entry as usize].organization.0).name.clone(),
            lines: vec![in_languages(&programme.name)],
            id: short(enrolment.token),
            label: label.then(|| handle.to_owned()),
            code: enrolment.card(),
        });
    }
    match papers.is_empty() {
        true => Err(Failure::no(format!("{text} is enrolled in no programme of this ledger"))),
        false => Ok(papers),
    }
}

fn code_of(vault: &Vault, lock: &Blake3Hash, whose: String) -> Result<PaperCode, Failure> {
    let found = vault.content.code_of(lock);
    found.ok_or_else(|| Failure::no(format!("the vault does not hold the code of {whose}")).hint("name the vault with which it was made"))
}

/// A name in the three languages, each once.
fn in_languages(names: &Names) -> String {
    let mut shown: Vec<&str> = Vec::new();
    for language in ["kk", "ru", "en"] {
        let name = names.best(language);
        if !shown.contains(&name) {
            shown.push(name);
        }
    }
    shown.join(" / ")
}

/// The style of the page. Sizes are those of paper.
const STYLE: &str = "@page{size:A4;margin:10mm}body{margin:0;font:9.5pt/1.3 'Noto Sans','DejaVu Sans',Arial,sans-serif;color:#000;background:#fff}\
main{display:grid;grid-template-columns:1fr 1fr}section{border:.3mm dashed #888;padding:4mm;min-height:62mm;break-inside:avoid;display:flex;gap:4mm}\
section>div{flex:1}svg{width:32mm;height:32mm;flex:none}h1{font-size:10.5pt;margin:0}h2{font-size:9.5pt;margin:1mm 0;font-weight:normal}\
ul{margin:1mm 0;padding-left:4mm}.code{font:bold 14pt/1.4 'Noto Sans Mono','DejaVu Sans Mono',monospace;letter-spacing:.04em;margin:2mm 0}\
p{margin:.6mm 0;font-size:8pt}small{color:#444}";

/// The page with all papers.
fn page(papers: &[Paper], url: Option<&str>) -> Zeroizing<String> {
    let mut html = Zeroizing::new(String::with_capacity(4096 + papers.len() * 16 * 1024));
    html.push_str("<!DOCTYPE html>\n<html lang=\"kk\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"robots\" content=\"noindex\">\n");
    let _ = write!(
        html,
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n<title>aidledger</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n"
    );
    for paper in papers {
        write_paper(paper, url.filter(|_| paper.sort != Sort::Slip), &mut html);
    }
    html.push_str("</main>\n</body>\n</html>\n");
    html
}

fn write_paper(paper: &Paper, url: Option<&str>, html: &mut String) {
    let words = paper.sort.words();
    let _ = write!(html, "<section>\n<div>\n<h1>{}</h1>\n", escape(&in_languages(&paper.organization)));
    let titles: Vec<String> = words.iter().map(|(language, title, _)| format!("<span lang=\"{language}\">{title}</span>")).collect();
    let _ = write!(html, "<h2>{}</h2>\n<ul>\n", titles.join(" · "));
    for line in &paper.lines {
        let _ = writeln!(html, "<li>{}</li>", escape(line));
    }
    let _ = write!(html, "</ul>\n<div class=\"code\">{}</div>\n", paper.code.grouped());
    for (language, _, what_to_do) in words {
        let _ = writeln!(html, "<p lang=\"{language}\">{what_to_do}</p>");
    }
    let label = paper.label.as_ref().map(|label| format!(" · {}", escape(label))).unwrap_or_default();
    let _ = write!(html, "<small>{}{label}</small>\n</div>\n", escape(&paper.id));
    let held = Zeroizing::new(match url {
        Some(url) => format!("{url}#{}", paper.code.as_str()),
        None => paper.code.as_str().to_owned(),
    });
    write_qr(&held, html);
    html.push_str("</section>\n");
}

/// A QR code as an SVG picture: one path, a rectangle for each run of dark modules, with the four light modules around that readers need.
fn write_qr(text: &str, html: &mut String) {
    let code = QrCode::with_error_correction_level(text, EcLevel::M).expect("a code or a link with one is short enough");
    let width = code.width();
    let colors = code.to_colors();
    let mut path = Zeroizing::new(String::with_capacity(colors.len() * 8));
    for (y, row) in colors.chunks(width).enumerate() {
        let mut x = 0;
        for run in row.chunk_by(|a, b| a == b) {
            if run[0] == Color::Dark {
                let _ = write!(path, "M{} {}h{}v1h-{}z", x + 4, y + 4, run.len(), run.len());
            }
            x += run.len();
        }
    }
    let size = width + 8;
    let _ = writeln!(
        html,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {size} {size}\" shape-rendering=\"crispEdges\" role=\"img\" aria-label=\"QR\"><path fill=\"#fff\" d=\"M0 0h{size}v{size}H0z\"/><path d=\"{}\"/></svg>",
        *path
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_taken_as_it_opens_the_lock() {
        let code = PaperCode::from_random(&[0x5A; 10]);
        for typed in [code.grouped(), code.grouped().to_lowercase(), code.as_str().to_owned()] {
            assert_eq!(shown_code(&typed, Some(&code.lock())).unwrap().0, code.as_str());
        }
        // Made by another program: O and I are characters of its own.
        let foreign = "OIOIOIOIOIOIOIOIO";
        assert_eq!(shown_code(foreign, Some(&Blake3Hash::of(foreign.as_bytes()))).unwrap().0, foreign);
        assert_eq!(shown_code("7K2M9QX4T8WZ3RFA", None).unwrap().0, "7K2M9QX4T8WZ3RFA");
        let mut mistyped = code.as_str().to_owned();
        mistyped.replace_range(0..1, if mistyped.starts_with('7') { "8" } else { "7" });
        assert!(shown_code(&mistyped, Some(&code.lock())).unwrap_err().what.contains("mistyped"));
        assert!(shown_code("hello", None).is_err());
    }

    #[test]
    fn a_page_holds_what_is_said_and_nothing_from_elsewhere() {
        let paper = |sort| Paper {
            sort,
            organization: Names::new([("en", "Bread & <Salt>"), ("kk", "Нан")]),
            lines: vec!["5 kg  Rice".to_owned()],
            id: "9c41".to_owned(),
            label: Some("k-017".to_owned()),
            code: PaperCode::from_random(&[0x5A; 10]),
        };
        let html = page(&[paper(Sort::Slip), paper(Sort::Receipt), paper(Sort::Card)], Some("https://aid.example.org/code"));
        assert!(html.contains("Нан / ") && html.contains("Bread &amp; &lt;Salt&gt;") && html.contains("k-017"));
        assert_eq!(html.matches(&PaperCode::from_random(&[0x5A; 10]).grouped()).count(), 3);
        assert_eq!(html.matches("<svg").count(), 3);
        for language in ["kk", "ru", "en"] {
            assert_eq!(html.matches(&format!("<p lang=\"{language}\">")).count(), 3);
        }
        let without_names = html.replace("http://www.w3.org/2000/svg", "");
        for outside in ["<script", "src=", "href=", "http:", "https:", "@import", "url("] {
            assert!(!without_names.contains(outside), "{outside}");
        }
    }
}
