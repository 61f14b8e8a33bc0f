//! The audit report as one HTML page: no script, nothing loaded from elsewhere, readable on a phone, in print, by day and by night.
//!
//! Whatever stands in a ledger may be hostile: every text is escaped, and names go into `<bdi>`, so that a right-to-left mark in one does not turn its
//! neighbours round.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::cli::audit::Findings;
use crate::flags::report::EVENTS_SHOWN;
use crate::flags::{FlagReport, Instance};
use crate::service::html::escape;

const STYLE: &str = "\
:root{color-scheme:light dark;--line:#8886;--soft:#8881;--bad:#b3261e}\
@media(prefers-color-scheme:dark){:root{--bad:#ff8a80}}\
*{box-sizing:border-box}\
body{font:1rem/1.5 system-ui,sans-serif;max-width:60rem;margin:0 auto;padding:1rem;overflow-wrap:anywhere}\
h1{font-size:1.6rem}h2{margin-top:2.5rem;border-bottom:2px solid var(--line)}h3{margin-bottom:.2rem}\
code{font-size:.85em}\
.wide{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:.9rem;margin:.6rem 0}\
th,td:first-child,td.number{overflow-wrap:normal}\
th,td{text-align:start;vertical-align:top;padding:.25rem .6rem .25rem 0;border-bottom:1px solid var(--line)}\
.number{text-align:end}\
article{border:1px solid var(--line);border-radius:.5rem;padding:.2rem 1rem 1rem;margin:1rem 0;background:var(--soft)}\
.bad{color:var(--bad);font-weight:600}dt{font-weight:600}dd{margin:0 0 .5rem}\
@media print{body{max-width:none;font-size:10pt}article{break-inside:avoid-page;background:none}details>*{display:block}}";

/// The page.
pub fn page(findings: &Findings) -> String {
    let mut html = String::new();
    write_page(findings, &mut html).expect("a string takes all that is written");
    html
}

/// A name that somebody chose, set apart from its surroundings.
fn name(text: &str) -> String {
    format!("<bdi>{}</bdi>", escape(text))
}

fn write_page(findings: &Findings, html: &mut String) -> std::fmt::Result {
    let state = &findings.state;
    let title = state.opening.as_ref().map_or("a ledger", |opening| opening.name.best("en"));
    write!(
        html,
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\
         <title>Audit of {}</title><style>{STYLE}</style></head><body>\n<h1>Audit of {}</h1>\n",
        escape(title),
        name(title)
    )?;
    let report = &findings.report;
    let or_none = |value: Option<String>| value.map_or_else(|| "not known".to_owned(), |value| format!("<code>{}</code>", escape(&value)));
    writeln!(
        html,
        "<dl><dt>Ledger</dt><dd>{}</dd><dt>Entries verified</dt><dd>{}</dd><dt>Tree root</dt><dd>{}</dd><dt>Last entry recorded</dt><dd>{}</dd></dl>",
        or_none(report.ledger.map(|id| id.to_string())),
        report.size,
        or_none(report.root.map(|root| root.to_string())),
        or_none(report.recorded.map(|time| time.to_string())),
    )?;
    write_errors(findings, html)?;
    write!(
        html,
        "<h2>Flags: what a person must judge</h2>\n<p>A flag asks. It proves nothing about anybody: each names a pattern that also has innocent causes, and how often \
         it shows in this ledger at all. As of {}.</p>\n<div class=\"wide\"><table><thead><tr><th>flag</th><th class=\"number\">asked</th><th>base rate</th></tr></thead><tbody>\n",
        findings.seen.as_of()
    )?;
    for flag in &findings.flags {
        writeln!(
            html,
            "<tr><td><code>{}</code></td><td class=\"number\">{}</td><td>{}</td></tr>",
            flag.flag,
            flag.instances.len(),
            escape(&flag.base_rate.words())
        )?;
    }
    html.push_str("</tbody></table></div>\n");
    let mut by_organization: BTreeMap<_, Vec<(&FlagReport, &Instance)>> = BTreeMap::new();
    for flag in &findings.flags {
        for instance in &flag.instances {
            by_organization.entry(instance.organization).or_default().push((flag, instance));
        }
    }
    for (organization, instances) in by_organization {
        let place = state.organizations.find(&organization);
        let called = place.map_or_else(|| organization.to_string(), |place| state.organizations.at(place).name.best("en").to_owned());
        writeln!(html, "<h2>{} <code>{organization}</code></h2>", name(&called))?;
        for (flag, instance) in instances {
            write_instance(findings, flag, instance, html)?;
        }
    }
    html.push_str("</body></html>\n");
    Ok(())
}

fn write_errors(findings: &Findings, html: &mut String) -> std::fmt::Result {
    html.push_str("<h2>Errors: what is provable</h2>\n");
    let errors = findings.errors();
    if errors.is_empty() {
        html.push_str("<p>None: every signature, link, rule and balance holds, up to the last entry.</p>\n");
        return Ok(());
    }
    html.push_str("<ul>\n");
    for error in errors {
        writeln!(html, "<li class=\"bad\">{}</li>", name(&error))?;
    }
    writeln!(html, "</ul>\n<p>The flags below are of the {} entries before the first wrong one.</p>", findings.report.size)
}

fn write_instance(findings: &Findings, flag: &FlagReport, instance: &Instance, html: &mut String) -> std::fmt::Result {
    let about = flag.flag.about();
    write!(
        html,
        "<article><h3><code>{}</code>: {} {}</h3>\n<p>{}</p>\n<p><strong>{}</strong></p>\n<dl><dt>Rule</dt><dd>{}</dd><dt>Base rate in this ledger</dt><dd>{}</dd>\
         <dt>An honest answer may be</dt><dd>{}</dd><dt>Answers</dt><dd>",
        flag.flag,
        instance.subject.kind,
        name(&instance.subject.name),
        escape(about.question),
        escape(&instance.measure),
        escape(&about.rule),
        escape(&flag.base_rate.words()),
        escape(about.honest),
    )?;
    if instance.answers.is_empty() {
        html.push_str("none yet");
    }
    for answer in &instance.answers {
        write!(html, "entry {}: {}, {}<br>", answer.index, answer.answer, answer.reason)?;
    }
    write!(
        html,
        "</dd></dl>\n<details><summary>{} events</summary><div class=\"wide\"><table><thead><tr><th class=\"number\">entry</th><th>kind</th><th>time</th><th>key</th><th>event</th></tr></thead><tbody>\n",
        instance.events.len()
    )?;
    for entry in instance.events.iter().take(EVENTS_SHOWN) {
        let made = findings.state.made[*entry as usize];
        let key = findings.state.key_at(made.signer).label.map_or_else(String::new, |label| label.to_string());
        let time = findings.seen.time_of(*entry).map_or_else(String::new, |time| time.to_string());
        writeln!(
            html,
            "<tr><td class=\"number\">{entry}</td><td>{}</td><td>{time}</td><td>{}</td><td><code>{}</code></td></tr>",
            made.kind,
            name(&key),
            findings.state.ids.at(*entry)
        )?;
    }
    html.push_str("</tbody></table></div>");
    if instance.events.len() > EVENTS_SHOWN {
        write!(html, "<p>and {} more</p>", instance.events.len() - EVENTS_SHOWN)?;
    }
    html.push_str("</details></article>\n");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_names_stay_text() {
        let hostile = "<script>alert(1)</script>\u{202e}\"'&";
        let safe = name(hostile);
        assert!(!safe.contains("<script") && safe.starts_with("<bdi>") && safe.ends_with("</bdi>"));
        assert_eq!(safe, "<bdi>&lt;script&gt;alert(1)&lt;/script&gt;\u{202e}&quot;&#39;&amp;</bdi>");
    }
}
