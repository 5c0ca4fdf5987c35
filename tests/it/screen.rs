//! What a person sees: the program on terminals of several widths, drawn over, resized, stopped.

mod pty;
mod tables;
mod watch;
