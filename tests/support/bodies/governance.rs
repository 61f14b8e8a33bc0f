//! Bodies of governance.

use super::*;

pub(super) fn bodies(share: f64) -> Vec<BoxedStrategy<Body>> {
    let origin = "[!#-*,-\\[\\]-~]{1,255}".prop_map(Origin);
    let opened = (public_key(), names(), names(), origin, set(word(Role::ALL)), integer()).prop_map(
        |(log_key, name, organization_name, origin, roles, rules)| LedgerOpened { log_key, name, organization_name, origin, roles, rules },
    );
    let registered = (names(), code()).prop_map(|(name, organization)| OrganizationRegistered { name, organization });
    let suspended = (code(), word(SuspensionReason::ALL)).prop_map(|(organization, reason)| OrganizationSuspended { organization, reason });
    let reinstated = code().prop_map(|organization| OrganizationReinstated { organization });
    let granted = (public_key(), maybe(share, code()), code(), set(word(Role::ALL)))
        .prop_map(|(key, label, organization, roles)| KeyGranted { key, label, organization, roles });
    let revoked = (public_key(), word(RevocationReason::ALL)).prop_map(|(key, reason)| KeyRevoked { key, reason });
    let item = (code(), integer(), code(), names(), word(ItemType::ALL), maybe(share, code()))
        .prop_map(|(category, decimals, item, name, r#type, unit)| ItemDefined { category, decimals, item, name, r#type, unit });
    let region = (names(), maybe(share, code()), code()).prop_map(|(name, parent, region)| RegionDefined { name, parent, region });
    let programme = (
        maybe(share, date()),
        names(),
        maybe(share, set(code())),
        code(),
        maybe(share, set(word(RecipientType::ALL))),
        maybe(share, set(code())),
        maybe(share, date()),
    )
        .prop_map(|(from, name, organizations, programme, recipient_types, regions, until)| ProgrammeOpened {
            from,
            name,
            organizations,
            programme,
            recipient_types,
            regions,
            until,
        });
    let closed = code().prop_map(|programme| ProgrammeClosed { programme });
    vec![
        opened.prop_map(Body::LedgerOpened).boxed(),
        registered.prop_map(Body::OrganizationRegistered).boxed(),
        suspended.prop_map(Body::OrganizationSuspended).boxed(),
        reinstated.prop_map(Body::OrganizationReinstated).boxed(),
        granted.prop_map(Body::KeyGranted).boxed(),
        revoked.prop_map(Body::KeyRevoked).boxed(),
        item.prop_map(Body::ItemDefined).boxed(),
        region.prop_map(Body::RegionDefined).boxed(),
        programme.prop_map(Body::ProgrammeOpened).boxed(),
        closed.prop_map(Body::ProgrammeClosed).boxed(),
        policy(share).prop_map(Body::PolicyChanged).boxed(),
    ]
}

fn policy(share: f64) -> impl Strategy<Value = PolicyChanged> {
    let band = (integer(), quantity(), code()).prop_map(|(approvals, from, item)| Band { approvals, from, item });
    (
        maybe(share, vec(band, 1..5)),
        maybe(share, integer()),
        maybe(share, integer()),
        maybe(share, code()),
        maybe(share, integer()),
        maybe(share, set(word(Requirement::ALL))),
        maybe(share, integer()),
        prop_oneof![Just(1), integer()],
        maybe(share, set(word(Separation::ALL))),
        maybe(share, integer()),
    )
        .prop_map(
            |(
                approvals,
                days_back,
                idle_days,
                organization,
                overhead_permille,
                requires,
                reversal_approvals,
                rules,
                separate,
                small_cell,
            )| {
                PolicyChanged {
                    approvals,
                    days_back,
                    idle_days,
                    organization,
                    overhead_permille,
                    requires,
                    reversal_approvals,
                    rules,
                    separate,
                    small_cell,
                }
            },
        )
}
