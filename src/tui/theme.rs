//! The look of the screen: the terminal's own colours, a few of its sixteen, and words beside each so that no meaning is in a colour alone.

use ratatui::style::{Color, Modifier, Style};

use crate::state::State;

/// The look of the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Theme {
    coloured: bool,
}

impl Theme {
    /// Bold, dim, underlined and reversed only.
    pub const PLAIN: Theme = Theme { coloured: false };
    /// Colours that read on a light and on a dark ground.
    pub const COLOURED: Theme = Theme { coloured: true };

    /// Detects the user's wish: `NO_COLOR`, set and not empty, means none (no-color.org).
    pub fn detect() -> Theme {
        match std::env::var_os("NO_COLOR") {
            Some(value) if !value.is_empty() => Theme::PLAIN,
            _ => Theme::COLOURED,
        }
    }

    const fn colour(self, colour: Color, style: Style) -> Style {
        if self.coloured { style.fg(colour) } else { style }
    }

    /// Plain text.
    pub const fn text(self) -> Style {
        Style::new()
    }

    /// The style for what matters.
    pub const fn strong(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    /// The style for what only holds other things together.
    pub const fn dim(self) -> Style {
        Style::new().add_modifier(Modifier::DIM)
    }

    /// The style of what is under the pointer, marked, or selected.
    pub const fn picked(self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }

    /// The key on a button.
    pub const fn key(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD.union(Modifier::UNDERLINED))
    }

    /// An errno, a death, a segment that was not delivered.
    pub const fn bad(self) -> Style {
        self.colour(Color::Red, self.strong())
    }

    /// A segment that is held on the wire.
    pub const fn held(self) -> Style {
        self.colour(Color::Magenta, self.strong())
    }

    /// A state: one that stands still, or one on the way to another.
    pub const fn state(self, state: State) -> Style {
        match state {
            // Green is too pale on white, blue too dark on black: what stands still is only bold.
            State::Established | State::Listen | State::Close => self.strong(),
            State::SynSent
            | State::SynRecv
            | State::FinWait1
            | State::FinWait2
            | State::TimeWait
            | State::CloseWait
            | State::LastAck
            | State::Closing => self.colour(Color::Magenta, self.strong()),
        }
    }
}
