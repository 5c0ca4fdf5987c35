//! Which keys a person wants to see.

use crate::audit::{CHECKS, Check, CheckFact, Scope, Subject};
use crate::domain::{EventName, LedgerRow, Policy, Verdict};
use crate::report::escape;
use crate::tiktok::event_map;

use super::args::Global;
use super::ui::Ui;

/// An event that was asked for: what the map makes of its name, and the name folded.
#[derive(Clone, Debug)]
struct Wanted {
    mapped: Option<EventName>,
    folded: String,
}

/// The filters of the command line; each that was given must agree.
#[derive(Clone, Debug, Default)]
pub struct Filters {
    events: Vec<Wanted>,
    campaigns: Vec<String>,
    pixels: Vec<String>,
    verdicts: Vec<String>,
    findings: Vec<String>,
}

impl Filters {
    /// The filters of the command line. A name that no TikTok event has is still looked for as logged.
    #[must_use]
    pub fn new(global: &Global, policy: &Policy, ui: &Ui) -> Self {
        let wanted = |name: &String| {
            let mapped = event_map::resolve(name, &policy.names);
            if let Err(near) = &mapped {
                let near = near
                    .as_ref()
                    .map_or_else(String::new, |near| format!("; did you mean {}?", escape(near.as_str())));
                ui.hint(&format!("no TikTok event goes by {}{near}", escape(name)));
            }
            Wanted { mapped: mapped.ok(), folded: event_map::fold(name) }
        };
        Self {
            events: global.event.iter().map(wanted).collect(),
            campaigns: global.campaign.clone(),
            pixels: global.pixel.clone(),
            verdicts: global.verdict.clone(),
            findings: global.finding.clone(),
        }
    }

    /// Whether a key's own columns agree.
    #[must_use]
    pub fn has_row(&self, row: &LedgerRow) -> bool {
        let logged = row.event.as_ref().map(|event| &event.name).or(row.name.as_ref());
        let event = self.events.is_empty()
            || self.events.iter().any(|wanted| match (&wanted.mapped, &row.name) {
                (Some(mapped), Some(name)) => mapped == name,
                (None, _) => logged.is_some_and(|name| event_map::fold(name.as_str()) == wanted.folded),
                (Some(_), None) => false,
            });
        let campaign = row.event.as_ref().and_then(|event| event.place.campaign.as_ref());
        let campaign = self.campaigns.is_empty()
            || campaign.is_some_and(|id| self.campaigns.iter().any(|wanted| wanted == id.as_str()));
        let pixel = self.pixels.is_empty()
            || row.pixel.as_ref().is_some_and(|id| self.pixels.iter().any(|wanted| wanted == id.as_str()));
        event && campaign && pixel
    }

    /// Whether nothing is filtered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let Self { events, campaigns, pixels, verdicts, findings } = self;
        events.is_empty()
            && campaigns.is_empty()
            && pixels.is_empty()
            && verdicts.is_empty()
            && findings.is_empty()
    }

    /// The checks of the findings that were asked for; `None`: any key will do.
    #[must_use]
    pub fn sought(&self) -> Option<Sought> {
        let wanted = CHECKS.iter().filter(|fact| self.findings.iter().any(|code| code == fact.code));
        let checks: Vec<_> = wanted.map(|fact| (fact, (fact.make)())).collect();
        (!checks.is_empty()).then_some(Sought(checks))
    }

    /// Whether a key's verdict agrees too.
    #[must_use]
    pub fn has_verdict(&self, verdict: Option<&Verdict>) -> bool {
        self.verdicts.is_empty()
            || verdict.is_some_and(|verdict| {
                self.verdicts
                    .iter()
                    .any(|wanted| wanted == verdict.word() || (wanted == "missing" && verdict.is_missing()))
            })
    }
}

/// Findings that were asked for, and what the checks have seen so far.
pub struct Sought(Vec<(&'static CheckFact, Box<dyn Check>)>);

impl Sought {
    /// Shows a key to the checks.
    pub fn observe(&mut self, subject: &Subject<'_>, scope: &Scope<'_>) {
        self.0.iter_mut().for_each(|(_, check)| check.observe(subject, scope));
    }

    /// Whether one of the findings counts a key, once all keys were seen.
    #[must_use]
    pub fn has(&self, subject: &Subject<'_>, scope: &Scope<'_>) -> bool {
        self.0.iter().any(|(fact, check)| (fact.concerns)(subject, scope) && check.confirms(subject))
    }
}
