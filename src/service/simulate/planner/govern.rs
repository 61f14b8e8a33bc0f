//! A simulated city's governance: who joins, which programmes open and close, whose keys are replaced, who may not append for a while.

use super::{Correction, Office, PROGRAMMES_MAX, Planner, Programme};
use crate::canonical::Set;
use crate::event::kinds::*;
use crate::event::{Body, Code};
use crate::service::simulate::authors::Device;
use crate::service::simulate::city::{DISTRICTS, PROGRAMMES, numbered, organization};
use crate::service::simulate::goods::code;

impl Planner {
    pub(super) fn device(&mut self, by: Device, organization: Code, role: Role, label: &str) -> Device {
        let device = self.authors.add(organization, &self.random.bytes());
        let key = self.authors.public(device);
        self.tick();
        self.write(by, Body::KeyGranted(KeyGranted { key, label: Some(code(label)), organization, roles: Set::new(vec![role]) }));
        device
    }

    pub(super) fn register(&mut self, large: bool) {
        let (code, name) = organization(self.offices.len() + 1);
        let registrar = self.registrar;
        self.tick();
        self.write(registrar, Body::OrganizationRegistered(OrganizationRegistered { name, organization: code }));
        let admin = large.then(|| self.device(registrar, code, Role::Admin, "office"));
        let by = admin.unwrap_or(registrar);
        let finance = self.device(by, code, Role::Finance, "cash-desk");
        let intake = large.then(|| self.device(by, code, Role::Intake, "reception"));
        let assign = self.device(by, code, Role::Assign, "coordinator");
        let phones = if large { self.random.between(1, 2) } else { 1 };
        let field = (1..=phones).map(|n| self.device(by, code, Role::Field, &format!("phone-{n}"))).collect();
        let weight = if large { self.random.between(4, 12) } else { self.random.between(1, 3) };
        let (shelf, promises, needs, spoken_of, volunteers, gifts) = Default::default();
        self.offices.push(Office {
            code,
            admin,
            finance,
            intake,
            assign,
            field,
            shelf,
            promises,
            suspended: false,
            needs,
            spoken_of,
            volunteers,
            gifts,
            wrong_lots: 0,
            weight,
        });
    }

    pub(super) fn open_programme(&mut self) {
        let number = self.programmes.len();
        let office = loop {
            let office = self.random.below(self.offices.len() as u64) as usize;
            if self.offices[office].admin.is_some() && !self.offices[office].suspended {
                break office;
            }
        };
        let admin = self.offices[office].admin.expect("it was just chosen for it");
        let sort = number % PROGRAMMES.len();
        let (name, texts, types) = PROGRAMMES[sort];
        // The first three are for everybody, so that nobody is ever without work.
        let offices: Option<Vec<usize>> =
            (number > 3 && self.random.chance(500)).then(|| (0..self.offices.len()).filter(|_| self.random.chance(600)).collect());
        let offices = offices.filter(|offices| !offices.is_empty());
        let districts: Option<Vec<usize>> = (number > 2 && self.random.chance(500)).then(|| {
            let left_out = self.random.below(DISTRICTS.len() as u64) as usize;
            (0..DISTRICTS.len()).filter(|place| *place != left_out).collect()
        });
        let programme = code(&format!("{name}-{}", number + 1));
        self.tick();
        let body = ProgrammeOpened {
            from: Some(self.clock().date()),
            name: numbered(texts, number as u64 + 1),
            organizations: offices.as_ref().map(|offices| Set::new(offices.iter().map(|place| self.offices[*place].code).collect())),
            programme,
            recipient_types: Some(Set::new(types.to_vec())),
            regions: districts.as_ref().map(|places| Set::new(places.iter().map(|place| code(DISTRICTS[*place].0)).collect())),
            until: None,
        };
        self.write(admin, Body::ProgrammeOpened(body));
        self.programmes.push(Programme { code: programme, sort, office, offices, districts, people: Vec::new(), closed: false });
    }

    pub(super) fn govern(&mut self, turn: u64) {
        match turn % 6 {
            4 => self.attest(),
            5 => self.own_policy(),
            0 if self.programmes.len() < PROGRAMMES_MAX => self.open_programme(),
            1 => {
                // Not one of the first three: they are what everybody works in.
                let closing = (3..self.programmes.len()).find(|place| {
                    let programme = &self.programmes[*place];
                    !programme.closed && !self.offices[programme.office].suspended
                });
                match closing {
                    Some(place) if self.programmes.len() > 3 => self.close_programme(place),
                    _ => self.replace_device(),
                }
            }
            2 => self.suspend(),
            _ => self.replace_device(),
        }
    }

    fn close_programme(&mut self, place: usize) {
        let programme = &mut self.programmes[place];
        programme.closed = true;
        programme.people = Vec::new();
        let (code, admin) = (programme.code, self.offices[programme.office].admin.expect("it opened a programme"));
        self.write(admin, Body::ProgrammeClosed(ProgrammeClosed { programme: code }));
    }

    fn replace_device(&mut self) {
        let place = self.random.below(self.offices.len() as u64) as usize;
        let office = &self.offices[place];
        let (code, by) = (office.code, office.admin.filter(|_| !office.suspended).unwrap_or(self.registrar));
        let (label, role, old) = match self.random.below(3) {
            0 => ("cash-desk", Role::Finance, office.finance),
            1 => ("coordinator", Role::Assign, office.assign),
            _ => ("phone-1", Role::Field, office.field[0]),
        };
        let new = self.device(by, code, role, label);
        let reason = *self.random.pick(&[RevocationReason::Left, RevocationReason::Lost, RevocationReason::Replaced]);
        let key = self.authors.public(old);
        self.tick();
        self.write(by, Body::KeyRevoked(KeyRevoked { key, reason }));
        let office = &mut self.offices[place];
        match role {
            Role::Finance => office.finance = new,
            Role::Assign => office.assign = new,
            _ => office.field[0] = new,
        }
    }

    fn suspend(&mut self) {
        let place = self.random.below(self.offices.len() as u64) as usize;
        if self.offices[place].suspended {
            return;
        }
        self.offices[place].suspended = true;
        let (registrar, organization) = (self.registrar, self.offices[place].code);
        let reason = *self.random.pick(&[SuspensionReason::UnderReview, SuspensionReason::Requested]);
        self.write(registrar, Body::OrganizationSuspended(OrganizationSuspended { organization, reason }));
        self.later(place, Correction::Suspension, 40, 160);
    }
}
