//! Tests of the room as a whole, by topic.

mod commits;
mod disk;
mod files;
mod groups;
mod order;
mod protocol;
