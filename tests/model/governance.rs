//! Organizations, keys, items, regions, programmes, policies.

use super::*;

impl Book {
    pub(super) fn governance(&mut self, event: &Event, kind: &str, organization: &str) -> Verdict<Found> {
        let body = &event.json["body"];
        match kind {
            "ledger.opened" => {
                refuse(event.text("signer") == text(body, "log_key"), "key-taken")?;
                self.log_key = text(body, "log_key").to_owned();
                self.organizations.insert(organization.to_owned(), false);
                let key = Key { organization: organization.to_owned(), roles: body["roles"].clone(), revoked: false };
                self.keys.insert(event.text("signer").to_owned(), key);
            }
            "organization.registered" => {
                let taken = self.organizations.insert(text(body, "organization").to_owned(), false);
                refuse(taken.is_some(), "organization-exists")?;
            }
            "organization.suspended" | "organization.reinstated" => {
                let suspended = self.organizations.get_mut(text(body, "organization")).ok_or("organization-not-found")?;
                let wanted = kind == "organization.suspended";
                refuse(*suspended == wanted, "organization-status-unchanged")?;
                *suspended = wanted;
            }
            "key.granted" => {
                let (holder, named) = (text(body, "organization"), text(body, "key"));
                let recipients = self.all_of("recipient.enrolled").any(|made| made.body["key"] == named);
                let known = self.keys.get(named);
                refuse(named == self.log_key || recipients || known.is_some_and(|key| key.organization != holder), "key-taken")?;
                refuse(known.is_some_and(|key| key.revoked), "key-retired")?;
                let key = Key { organization: holder.to_owned(), roles: body["roles"].clone(), revoked: false };
                self.keys.insert(named.to_owned(), key);
            }
            "key.revoked" => {
                let key = self.keys.get_mut(text(body, "key")).filter(|key| !key.revoked).ok_or("key-not-active")?;
                key.revoked = true;
            }
            "item.defined" => {
                refuse(self.items.contains_key(text(body, "item")), "item-exists")?;
                let decimals = body["decimals"].as_u64().expect("a number") as usize;
                let item = Item { category: text(body, "category").to_owned(), decimals, money: text(body, "type") == "money" };
                self.items.insert(text(body, "item").to_owned(), item);
            }
            "region.defined" => {
                refuse(self.regions.contains_key(text(body, "region")), "region-exists")?;
                self.regions.insert(text(body, "region").to_owned(), body["parent"].as_str().map(str::to_owned));
            }
            "programme.opened" => {
                refuse(self.programmes.contains_key(text(body, "programme")), "programme-exists")?;
                let programme = Programme { organization: organization.to_owned(), body: body.clone(), closed: false };
                self.programmes.insert(text(body, "programme").to_owned(), programme);
            }
            "programme.closed" => {
                let programme = self.programmes.get_mut(text(body, "programme")).ok_or("programme-unknown")?;
                let registrar = allows(&self.keys[event.text("signer")].roles, "registrar");
                refuse(programme.organization != organization && !registrar, "programme-foreign")?;
                refuse(programme.closed, "programme-closed")?;
                programme.closed = true;
            }
            kind => panic!("the book knows no {kind}"),
        }
        Ok(Found::default())
    }

    /// A programme that the organization may work in.
    pub(super) fn programme(&self, code: &str, organization: &str) -> Verdict<&Programme> {
        let programme = self.programmes.get(code).ok_or("programme-unknown")?;
        refuse(programme.closed, "programme-closed")?;
        self.takes_part(code, organization)?;
        Ok(programme)
    }

    /// Whether an organization works in a programme, be it closed since.
    pub(super) fn takes_part(&self, code: &str, organization: &str) -> Verdict<()> {
        let programme = &self.programmes[code];
        let invited = allows(&programme.body["organizations"], organization);
        refuse(programme.organization != organization && !invited, "organization-not-in-programme")
    }

    /// Whether a programme that is named was opened.
    pub(super) fn opened(&self, named: &Value) -> Verdict<()> {
        refuse(named.as_str().is_some_and(|code| !self.programmes.contains_key(code)), "programme-unknown")
    }

    pub(super) fn lies_in(&self, region: Option<&str>, named: &Value) -> bool {
        let mut here = region.map(str::to_owned);
        let mut path = BTreeSet::new();
        while let Some(region) = here {
            here = self.regions[&region].clone();
            path.insert(region);
        }
        named.is_null() || path.iter().any(|region| allows(named, region))
    }

    /// The first restriction of a lot that its use does not keep; of a purchase, place and programme are not asked for.
    pub(super) fn unbound(&self, lot: &Lot, item: &str, day: &str, place: Option<(Option<&str>, Option<&str>)>) -> Verdict<()> {
        // Those of the oldest gift first, whatever became of it since.
        let first = |bound: &&Value| {
            let gifts = self.all_of("donation.received");
            gifts.filter(|made| made.body["restrictions"] == **bound).map(|made| made.number).min()
        };
        let mut bounds: Vec<&Value> = lot.restrictions.values().collect();
        if bounds.len() > 1 {
            bounds.sort_by_key(first);
        }
        for bound in bounds {
            if let Some((programme, region)) = place {
                let programme = bound["programmes"].is_null() || programme.is_some_and(|code| allows(&bound["programmes"], code));
                refuse(!programme, "restriction-programme")?;
                refuse(!self.lies_in(region, &bound["regions"]), "restriction-region")?;
            }
            refuse(!allows(&bound["categories"], &self.items[item].category), "restriction-category")?;
            refuse(!allows(&bound["items"], item), "restriction-item")?;
            refuse(bound["use_by"].as_str().is_some_and(|last| day > last), "restriction-use-by")?;
        }
        Ok(())
    }

    /// The policies an organization is under: the last of the ledger, the last of its own.
    pub fn policies(&self, organization: &str) -> impl Iterator<Item = &Value> {
        let last = |scope: Option<&str>| {
            let changes = self.of_kind.get("policy.changed").into_iter().flatten().rev();
            changes.map(|id| &self.events[id].body).find(|body| body["organization"].as_str() == scope)
        };
        [last(None), last(Some(organization))].into_iter().flatten()
    }

    /// Whether a policy has a word in one of its lists.
    pub fn asks(&self, organization: &str, member: &str, word: &str) -> bool {
        self.policies(organization).any(|policy| !policy[member].is_null() && allows(&policy[member], word))
    }

    pub(super) fn policy_changed(&self, event: &Event, organization: &str) -> Verdict<Found> {
        let body = &event.json["body"];
        let roles = &self.keys[event.text("signer")].roles;
        let own = body["organization"].as_str();
        let right = match own {
            None => allows(roles, "registrar"),
            Some(named) => named == organization && allows(roles, "admin"),
        };
        refuse(!right, "policy-foreign")?;
        refuse(body["rules"] != 1, "rules-version-unknown")?;
        for band in list(body, "approvals") {
            let item = text(band, "item");
            refuse(!self.items.contains_key(item), "item-unknown")?;
            self.decimals(item, text(band, "from"))?;
            refuse(!(1..=16).contains(&band["approvals"].as_u64().expect("a number")), "policy-range")?;
        }
        let above = |member: &str, most: u64| body[member].as_u64().is_some_and(|number| number > most);
        refuse(above("overhead_permille", 1000) || above("reversal_approvals", 16), "policy-range")?;
        Ok(Found::default())
    }
}
