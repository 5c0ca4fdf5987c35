//! Tests of the room as a whole, by topic.

mod commits;
mod disk;
mod files;
mod groups;
mod halves;
mod order;
mod protocol;
