//! The parts of the screen, one file each. A pane draws what it is given and decides nothing.

pub mod answer;
pub mod buttons;
pub mod diagram;
pub mod guide;
pub mod header;
pub mod log;
pub mod replay_bar;
pub mod sockets;
pub mod states;
pub mod wire_bar;
