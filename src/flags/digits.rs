//! First digits of expenses, for those who ask: first-digits.
//!
//! Amounts that grow out of prices, quantities and rates begin with 1 about 30 % of the time and with 9 under 5 % (Benford). Invented amounts often do not. But nor do
//! gifts: people give 500, 1000, 5000. Asked of donations this accuses honest givers, so it is asked of expenses alone, of many of them, and only on demand.

use std::collections::BTreeMap;

use crate::flags::Flag;
use crate::flags::report::{About, Case, FlagReport, Instance, Share, Subject};
use crate::rules::state::{ItemIx, OrganizationIx};

/// So many expenses are needed: with fewer, chance alone makes such differences.
pub const EXPENSES_FROM: u64 = 500;
/// `log10(1 + 1/d)` of the digits 1 to 9 in millionths; together exactly one.
pub const BENFORD_PPM: [u64; 9] = [301_030, 176_091, 124_939, 96_910, 79_181, 66_947, 57_992, 51_153, 45_757];
/// The chi-square statistic of 8 degrees of freedom that chance exceeds once in 1,000 times, in hundredths.
pub const CHI_SQUARE_HUNDREDTHS: u128 = 2_612;

/// Do these amounts look grown or made up?
///
/// *Rule*: of an organization's standing expenses in a currency ([`EXPENSES_FROM`] or more) the first digits have a chi-square statistic against Benford's
/// distribution above 26.12, computed in hundredths, each term rounded down. *Base rate*: organizations asked. *Wrongly accused*: whoever pays fixed fees.
pub fn about() -> About {
    About {
        question: "The first digits of these expenses are not spread as those of grown amounts are. Are there fixed fees among them?",
        rule: format!(
            "of {EXPENSES_FROM} or more standing expenses of an organization in a currency, the first digits' chi-square against Benford's distribution is \
             above {}.{:02}",
            CHI_SQUARE_HUNDREDTHS / 100,
            CHI_SQUARE_HUNDREDTHS % 100
        ),
        honest: "fixed fees and allowances (fixed-package)",
    }
}

/// The chi-square statistic in hundredths: the sum over digits of `100 (n_d 10^6 - n p_d)^2 / (n p_d 10^6)`, each term rounded down.
pub fn chi_square_hundredths(counts: &[u64; 9]) -> u128 {
    let all: u128 = counts.iter().map(|count| u128::from(*count)).sum();
    let term = |(count, ppm): (&u64, &u64)| {
        let expected = all * u128::from(*ppm);
        (u128::from(*count) * 1_000_000).abs_diff(expected).pow(2) * 100 / (expected * 1_000_000).max(1)
    };
    counts.iter().zip(&BENFORD_PPM).map(term).sum()
}

pub(super) fn first_digits(case: &Case) -> FlagReport {
    let mut found: BTreeMap<(OrganizationIx, ItemIx), ([u64; 9], Vec<u32>)> = BTreeMap::new();
    for paid in case.seen.paid.iter().filter(|paid| case.stands(paid.entry)) {
        let mut digit = paid.minor;
        while digit >= 10 {
            digit /= 10;
        }
        let (counts, events) = found.entry((case.made(paid.entry).organization, paid.currency)).or_default();
        counts[digit as usize - 1] += 1;
        events.push(paid.entry);
    }
    found.retain(|_, (_, events)| events.len() as u64 >= EXPENSES_FROM);
    let could = found.len() as u64;
    let flagged = found.into_iter().map(|(at, (counts, events))| (at, chi_square_hundredths(&counts), events));
    let instances: Vec<_> = flagged
        .filter(|(_, chi, _)| *chi > CHI_SQUARE_HUNDREDTHS)
        .map(|((organization, currency), chi, events)| {
            let measure = format!("chi-square {}.{:02} over {} expenses", chi / 100, chi % 100, events.len());
            let subject = Subject { kind: "currency", name: case.state.items.code(currency.0).to_string() };
            let figures = [("chi_square_hundredths", u64::try_from(chi).unwrap_or(u64::MAX)), ("expenses", events.len() as u64)];
            Instance::new(case.organization(organization), subject, events, measure).figures(&figures)
        })
        .collect();
    let base_rate = Share { count: instances.len() as u64, of: could, what: "organizations with 500 expenses differ" };
    FlagReport::new(Flag::FirstDigits, base_rate, (could, "organizations with 500 expenses in a currency"), instances)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grown_amounts_pass_and_round_sums_do_not() {
        assert_eq!(BENFORD_PPM.iter().sum::<u64>(), 1_000_000);
        // Powers of two are spread as Benford says.
        let mut counts = [0; 9];
        let mut power = 1u128;
        for _ in 0..1000 {
            let mut digit = power;
            while digit >= 10 {
                digit /= 10;
            }
            counts[digit as usize - 1] += 1;
            power = if power > u128::MAX / 4 { power / 1_000_000_007 } else { power * 2 };
        }
        assert!(chi_square_hundredths(&counts) < CHI_SQUARE_HUNDREDTHS, "{counts:?}");
        assert!(chi_square_hundredths(&[111; 9]) > CHI_SQUARE_HUNDREDTHS);
        // 60 of 60 with one digit of 30.1 %: (60 - 18.06)^2 / 18.06 and the eight others' own expectations.
        assert_eq!(chi_square_hundredths(&[60, 0, 0, 0, 0, 0, 0, 0, 0]) / 100, 139);
    }
}
