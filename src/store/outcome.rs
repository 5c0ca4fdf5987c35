//! How outcomes stand in columns.

use super::fault::Fault;
use crate::domain::{Outcome, Refusal};

/// The number of an outcome in the database.
pub(super) const fn outcome_number(outcome: Outcome) -> i64 {
    match outcome {
        Outcome::Accepted => 1,
        Outcome::Refused(Refusal::Event) => 2,
        Outcome::Refused(Refusal::Credential) => 3,
        Outcome::Refused(Refusal::Permission) => 4,
        Outcome::Refused(Refusal::Config) => 5,
        Outcome::Refused(Refusal::Throttled) => 6,
        Outcome::NotSent => 7,
        Outcome::Unknown => 8,
        Outcome::Unverified => 9,
    }
}

pub(super) const fn read_outcome(number: i64) -> Result<Outcome, Fault> {
    match number {
        1 => Ok(Outcome::Accepted),
        2 => Ok(Outcome::Refused(Refusal::Event)),
        3 => Ok(Outcome::Refused(Refusal::Credential)),
        4 => Ok(Outcome::Refused(Refusal::Permission)),
        5 => Ok(Outcome::Refused(Refusal::Config)),
        6 => Ok(Outcome::Refused(Refusal::Throttled)),
        7 => Ok(Outcome::NotSent),
        8 => Ok(Outcome::Unknown),
        9 => Ok(Outcome::Unverified),
        _ => Err(Fault::Damaged("names an unknown outcome")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_come_back_as_they_were() {
        for number in 1..=9 {
            assert_eq!(outcome_number(read_outcome(number).unwrap()), number);
        }
        assert!(read_outcome(0).is_err() && read_outcome(10).is_err());
    }
}
