//! Everything that is tested from outside: the house, the program, its documents, outside truth.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "those are rules for the program: tests are steered by variables and say what they skipped"
)]

#[cfg(test)]
mod backfill;
#[cfg(test)]
mod cases;
#[cfg(test)]
mod checker;
#[cfg(test)]
mod corpus;
#[cfg(test)]
#[cfg(feature = "crash-points")]
mod crash;
#[cfg(test)]
mod data;
#[cfg(test)]
mod dedup;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod hours;
#[cfg(test)]
mod http;
#[cfg(test)]
mod ingest;
#[cfg(test)]
mod ledger;
#[cfg(test)]
mod merge;
#[cfg(test)]
mod ops;
#[cfg(test)]
mod planted;
#[cfg(test)]
mod program;
#[cfg(test)]
mod reconcile;
#[cfg(test)]
mod report;
#[cfg(test)]
mod sandbox;
#[cfg(test)]
mod screen;
#[cfg(test)]
mod ship;
#[cfg(test)]
mod tailing;
#[cfg(test)]
mod tidy;
#[cfg(test)]
mod vectors;
#[cfg(test)]
mod world;
