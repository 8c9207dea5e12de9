//! Effects of typed commands and buttons: to an end, to the wire, to the screen itself.

use super::*;

impl App {
    pub(super) fn prompt(&mut self, text: String) {
        if matches!(self.dialogs.last(), Some(Dialog::Prompt(_))) {
            self.dialogs.pop();
        }
        self.dialogs.push(Dialog::Prompt(Prompt::new(text)));
    }

    /// Runs what was typed; a mistake leaves the prompt open.
    pub(super) fn typed(&mut self, text: String, now: MonoTime) -> Vec<Effect> {
        if text.trim().is_empty() {
            self.dialogs.pop();
            return Vec::new();
        }
        let command = match parse::parse(&text, Some(self.focus)) {
            Ok(command) => command,
            Err(error) => {
                if let Some(Dialog::Prompt(prompt)) = self.dialogs.last_mut() {
                    prompt.complain(error);
                }
                return Vec::new();
            }
        };
        let branches = matches!(self.dialogs.last(), Some(Dialog::Prompt(prompt)) if prompt.branches);
        self.dialogs.pop();
        if let (true, Some(tour)) = (branches, &self.tour) {
            let branch = Branch::new(tour.scenario(), tour.at(), command);
            self.dialogs.push(Dialog::Compare(CompareDialog {
                branch: branch.clone(),
                grown: None,
                skip: 0,
            }));
            return vec![Effect::Grow(branch)];
        }
        if self.history.last() != Some(&text) {
            self.history.push(text);
            if self.history.len() > HISTORY {
                self.history.remove(0);
            }
        }
        match command {
            Command::End(side, command) => {
                let (effects, root) = self.command(side, &command, now);
                self.read_after(side, root);
                effects
            }
            Command::Wire(command) => self.wire(&command),
            Command::Screen(command) => self.screen(command, now),
        }
    }

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
        if self.is_only_shown() {
            return Vec::new();
        }
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
        self.issue(issued).0
    }

    /// Has the session carry out a command; a refusal is shown.
    pub(super) fn command(&mut self, side: Side, command: &EndCommand, now: MonoTime) -> (Vec<Effect>, Option<CallId>) {
        if self.is_only_shown() {
            return (Vec::new(), None);
        }
        // What came of the command before is what can be seen now.
        self.recorder.settle(&self.session);
        let before = self.session.transcript.last();
        let issued = self.session.command(side, command, now);
        if let Ok(issued) = &issued {
            let command = Command::End(side, command.clone());
            self.recorder.issued(&self.session, &command, issued.root, before);
        }
        self.issue(issued)
    }

    pub(super) fn issue(&mut self, issued: Result<IssuedCommand, CommandError>) -> (Vec<Effect>, Option<CallId>) {
        match issued {
            Ok(issued) => (issued.requests.into_iter().map(Effect::Lab).collect(), issued.root),
            Err(error) => {
                self.status = Some(error.to_string());
                (Vec::new(), None)
            }
        }
    }

    pub(super) fn screen(&mut self, command: ScreenCommand, now: MonoTime) -> Vec<Effect> {
        let side = self.focus;
        match command {
            ScreenCommand::Quit => return vec![Effect::Leave(Exit::Quit)],
            ScreenCommand::Help => self.dialogs.push(Dialog::Help(0)),
            ScreenCommand::Prompt => self.prompt(String::new()),
            ScreenCommand::OtherEnd => self.focus = side.other(),
            ScreenCommand::HostSettings => self.dialogs.push(Dialog::Host(side, 0)),
            ScreenCommand::OptionsDialog => {
                let options = OptionsDialog {
                    side,
                    socket: self.session.ends[side].current.clone(),
                    selected: 0,
                    setting: None,
                };
                let socket = options.socket.clone();
                self.dialogs.push(Dialog::Options(options));
                if self.replay.is_some() {
                    self.status = Some("this is a recording: only options that were read by then are known".into());
                    return Vec::new();
                }
                let issued = self.session.look(side, socket, now);
                return self.issue(issued).0;
            }
            // What it waits for is nearer than why the one before it ended.
            ScreenCommand::Why => match self.session.ends[side].newest() {
                Some(call) => return self.act(Action::Why(call), now),
                None => self.status = Some(format!("the {side} has made no call yet")),
            },
            ScreenCommand::RawRows => self.dialogs.push(Dialog::Raw(RawDialog {
                side,
                down: 0,
                across: 0,
            })),
            ScreenCommand::Edit => {
                let typed = self.mark.as_ref().and_then(Action::typed);
                self.prompt(typed.unwrap_or_else(|| format!("{side} ")));
            }
            ScreenCommand::More => self.pages[side] = self.pages[side].wrapping_add(1),
            ScreenCommand::Scenarios if self.is_only_shown() => {}
            ScreenCommand::Scenarios => match Picker::open() {
                Ok(picker) => self.dialogs.push(Dialog::Picker(picker)),
                Err(why) => self.status = Some(why),
            },
            ScreenCommand::NextCommand
            | ScreenCommand::CommandBefore
            | ScreenCommand::ToTheLine
            | ScreenCommand::TourNext
            | ScreenCommand::TourEnd
            | ScreenCommand::TourBack
            | ScreenCommand::ToTheStart
                if self.replay.is_some() =>
            {
                self.travel(command);
            }
            ScreenCommand::NextCommand | ScreenCommand::CommandBefore | ScreenCommand::ToTheLine => {
                self.status = Some("this is no recording: finwait open shows one".into());
            }
            ScreenCommand::TourNext
            | ScreenCommand::TourEnd
            | ScreenCommand::TourBack
            | ScreenCommand::ToTheStart
            | ScreenCommand::Predict
            | ScreenCommand::Branch
            | ScreenCommand::TourLeave => return self.tour_command(command, now),
            ScreenCommand::Record if self.replay.is_some() => {
                self.status = Some("this is a recording: its file has the commands, and finwait do runs them".into());
            }
            ScreenCommand::Record => {
                if self.recorder.is_empty() {
                    self.status = Some("there is nothing to record yet".into());
                } else {
                    let text = self.recorder.file(&self.session, "Recorded by hand");
                    return vec![Effect::Save("recorded".into(), text)];
                }
            }
            ScreenCommand::WireRules => self.dialogs.push(Dialog::Rules(0)),
            ScreenCommand::ForgeDialog => self.dialogs.push(Dialog::Forge(side, 0)),
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
            ScreenCommand::TourBack | ScreenCommand::ToTheStart => {
                let to = match command {
                    ScreenCommand::ToTheStart => 0,
                    _ => tour.at().saturating_sub(1),
                };
                let scenario = tour.scenario();
                let fresh = LabSpec::of(&scenario);
                self.tour = Some(tour.again(to));
                return vec![Effect::Fresh(fresh)];
            }
            ScreenCommand::Branch => {
                match tour.step().and_then(|step| step.action.as_ref()) {
                    Some(action) => {
                        let mut prompt = Prompt::new(action.text.clone());
                        prompt.branches = true;
                        self.dialogs.push(Dialog::Prompt(prompt));
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
                    Some(predict) => self.dialogs.push(Dialog::Predict(predict)),
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
