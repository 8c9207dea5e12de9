//! Effects of typed commands and buttons: to an end, to the wire, to the screen itself.

use super::*;

impl App {
    /// The packet on the wire that the keys act on: the one that the user chose, else the oldest that waits for them.
    pub(super) fn chosen(&self) -> Option<PacketNo> {
        let held = &self.session.wire.held;
        let oldest = || held.iter().find(|(_, held)| held.due.is_none()).map(|(no, _)| *no);
        self.chosen.filter(|no| held.contains_key(no)).or_else(oldest)
    }

    /// Chooses the packet on the wire before or after the chosen one.
    fn choose(&mut self, after: bool) {
        let all: Vec<PacketNo> = self.session.wire.held.keys().copied().collect();
        let Some(chosen) = self.chosen().or(all.first().copied()) else {
            self.status = Some("no segment is held: step holds what comes".into());
            return;
        };
        let at = all.iter().position(|no| *no == chosen).unwrap_or(0);
        let to = if after {
            (at + 1).min(all.len() - 1)
        } else {
            at.saturating_sub(1)
        };
        self.chosen = Some(all[to]);
        self.diagram.show(all[to]);
    }

    /// Has the wire do something; the oldest means the chosen one.
    pub(super) fn wire(&mut self, command: &WireCommand) -> Vec<Effect> {
        let mut command = command.clone();
        if let WireCommand::Deliver(target)
        | WireCommand::Drop(target)
        | WireCommand::Duplicate(target)
        | WireCommand::Delay(target, _) = &mut command
            && *target == Target::Next
            && let Some(no) = self.chosen()
        {
            *target = Target::One(no);
        }
        self.recorder.settle(&self.session);
        let before = self.session.transcript.last();
        let issued = self.session.wire(&command);
        if issued.is_ok() {
            self.recorder
                .issued(&self.session, &Command::Wire(command), None, before);
        }
        self.issue(issued)
    }

    /// Has the session carry out a command; a refusal is shown.
    pub(super) fn command(&mut self, side: Side, command: &EndCommand, now: MonoTime) -> Vec<Effect> {
        // What came of the command before is what can be seen now.
        self.recorder.settle(&self.session);
        let before = self.session.transcript.last();
        let issued = self.session.command(side, command, now);
        let root = issued.as_ref().ok().and_then(|issued| issued.root);
        if issued.is_ok() {
            let command = Command::End(side, command.clone());
            self.recorder.issued(&self.session, &command, root, before);
        }
        let mut effects = self.issue(issued);
        if let Some(root) = root {
            effects.extend(self.tell_dialogs(News::Begun(side, root), now));
        }
        effects
    }

    pub(super) fn issue(&mut self, issued: Result<IssuedCommand, CommandError>) -> Vec<Effect> {
        match issued {
            Ok(issued) => issued.requests.into_iter().map(Effect::Lab).collect(),
            Err(error) => {
                self.status = Some(error.to_string());
                Vec::new()
            }
        }
    }

    pub(super) fn screen(&mut self, command: ScreenCommand, now: MonoTime) -> Vec<Effect> {
        let side = self.focus;
        match command {
            ScreenCommand::Quit => return vec![Effect::Leave(Exit::Quit)],
            ScreenCommand::Help => self.dialogs.open(HelpDialog::default()),
            ScreenCommand::Prompt => self.dialogs.open(Prompt::new(String::new())),
            ScreenCommand::OtherEnd => self.focus = side.other(),
            ScreenCommand::HostSettings => self.dialogs.open(HostDialog::new(side)),
            ScreenCommand::OptionsDialog => {
                let socket = self.session.ends[side].current.clone();
                self.dialogs.open(OptionsDialog::new(side, socket.clone()));
                return self.act(Action::ReadOptions(side, socket), now);
            }
            // What it waits for is nearer than why the one before it ended.
            ScreenCommand::Why => match self.session.ends[side].newest() {
                Some(call) => return self.act(Action::Why(call), now),
                None => self.status = Some(format!("the {side} has made no call yet")),
            },
            ScreenCommand::RawRows => self.dialogs.open(RawDialog::new(side)),
            ScreenCommand::Edit => {
                let typed = self.mark.as_ref().and_then(Action::typed);
                self.dialogs
                    .open(Prompt::new(typed.unwrap_or_else(|| format!("{side} "))));
            }
            ScreenCommand::More => self.pages[side] = self.pages[side].wrapping_add(1),
            ScreenCommand::Scenarios => match Picker::open() {
                Ok(picker) => self.dialogs.open(picker),
                Err(why) => self.status = Some(why),
            },
            ScreenCommand::TourNext
            | ScreenCommand::TourEnd
            | ScreenCommand::TourBack
            | ScreenCommand::Predict
            | ScreenCommand::Branch
            | ScreenCommand::TourLeave => return self.tour_command(command, now),
            ScreenCommand::Record => {
                if self.recorder.is_empty() {
                    self.status = Some("there is nothing to record yet".into());
                } else {
                    let text = self.recorder.file(&self.session, "Recorded by hand");
                    return vec![Effect::Save("recorded".into(), text)];
                }
            }
            ScreenCommand::WireRules => self.dialogs.open(RulesDialog::default()),
            ScreenCommand::ForgeDialog => self.dialogs.open(ForgeDialog::new(side)),
            ScreenCommand::HeldBefore => self.choose(false),
            ScreenCommand::HeldAfter => self.choose(true),
            ScreenCommand::States => {
                self.states = !self.states;
                // It is to be seen.
                self.zoom = self.zoom.map(|_| Pane::Middle);
            }
            ScreenCommand::Zoom => {
                self.zoom = match self.zoom {
                    None => Some(Pane::Middle),
                    Some(Pane::Middle) => Some(Pane::End),
                    Some(Pane::End) => Some(Pane::Log),
                    Some(Pane::Log) => None,
                };
                if self.zoom.is_some() {
                    self.status = Some("z: the next pane, Esc: all of them".into());
                }
            }
            ScreenCommand::LogFilter => self.log.next_filter(),
            ScreenCommand::LogFollow => self.log.toggle_follow(),
            ScreenCommand::CopyLine => {
                if let Some(text) = self.log.selected_text(&self.session.transcript) {
                    self.status = Some(format!("copied: {text}"));
                    return vec![Effect::Copy(text)];
                }
                self.status = Some("there is no line to copy".into());
            }
        }
        Vec::new()
    }

    /// What the guide's buttons do.
    fn tour_command(&mut self, command: ScreenCommand, now: MonoTime) -> Vec<Effect> {
        let Some(tour) = &mut self.tour else {
            self.status = Some("there is no guide: scenarios starts one".into());
            return Vec::new();
        };
        match command {
            ScreenCommand::TourNext => tour.next(),
            ScreenCommand::TourEnd => tour.to_the_end(),
            ScreenCommand::TourBack => {
                let to = tour.at().saturating_sub(1);
                let scenario = tour.scenario();
                let fresh = LabSpec::of(&scenario);
                self.tour = Some(tour.again(to));
                return vec![Effect::Fresh(fresh)];
            }
            ScreenCommand::Branch => {
                match tour.step().and_then(|step| step.action.as_ref()) {
                    Some(action) => {
                        let prompt = Prompt::branching(tour.scenario(), tour.at(), action.text.clone());
                        self.dialogs.open(prompt);
                    }
                    None => self.status = Some("the next step has no command to change".into()),
                }
                return Vec::new();
            }
            ScreenCommand::Predict => {
                let action = tour.step().and_then(|step| step.action.as_ref());
                let predict = action
                    .filter(|_| !tour.goes_on())
                    .and_then(|action| PredictDialog::new(action.text.clone(), tour.expects()));
                match predict {
                    Some(predict) => self.dialogs.open(predict),
                    None => self.status = Some("there is nothing to predict about the next step".into()),
                }
                return Vec::new();
            }
            _ => {
                self.tour = None;
                self.status = Some("on your own now: the sockets are as the guide left them".into());
                return Vec::new();
            }
        }
        self.go_on(now)
    }
}
