//! Effects of typed commands and buttons: to an end, to the wire, to the screen itself.

use super::*;
use crate::command::spec::{EndVerb, Verb};
use crate::command::table;
use crate::session::connections::ConnectionNo;
use crate::session::view::Folded;

impl App {
    /// Has the wire do something; the oldest means the chosen one.
    pub(super) fn wire(&mut self, mut command: WireCommand, now: MonoTime) -> Vec<Effect> {
        if self.is_only_shown() {
            return Vec::new();
        }
        if let WireCommand::Deliver(target)
        | WireCommand::Drop(target)
        | WireCommand::Duplicate(target)
        | WireCommand::Delay(target, _) = &mut command
            && *target == Target::Next
            && let Some(no) = self.panes.wire.chosen(&self.run.session)
        {
            *target = Target::One(no);
        }
        if let Some(effects) = self.press_in_tour(&Command::Wire(command.clone()), now) {
            return effects;
        }
        let issued = self.run.wire(command);
        self.issue(issued)
    }

    /// Has the session carry out a command; a refusal is shown.
    pub(super) fn command(&mut self, side: Side, command: &EndCommand, now: MonoTime) -> Vec<Effect> {
        if self.is_only_shown() {
            return Vec::new();
        }
        if let Some(effects) = self.press_in_tour(&Command::End(side, command.clone()), now) {
            return effects;
        }
        let issued = self.run.command(side, command, now);
        let is_issued = issued.is_ok();
        let root = issued.as_ref().ok().and_then(|issued| issued.root);
        let mut effects = self.issue(issued);
        if let EndCommand::Await(request) = command
            && is_issued
        {
            effects.extend(self.begin_to_wait(side, request, now));
        }
        if let Some(root) = root {
            effects.extend(self.tell_dialogs(News::Begun(side, root), now));
        }
        effects
    }

    /// Tells the guide what was pressed, if there is one. What is its next step it does itself: what comes of that is returned.
    fn press_in_tour(&mut self, command: &Command, now: MonoTime) -> Option<Vec<Effect>> {
        let tour = self.run.tour.as_mut()?;
        match tour.press(command, &self.run.session) {
            TourPress::NextStep => Some(self.go_on(now)),
            TourPress::Harmless | TourPress::Leaves => None,
        }
    }

    /// Chooses another packet on the wire.
    fn choose_by(&mut self, delta: isize) {
        if !self.panes.wire.choose_by(&self.run.session, delta) {
            self.status = Some("no segment is held: step holds what comes".into());
        }
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
        if let Some(effects) = self.beside_command(command, now) {
            return effects;
        }
        let side = self.focus;
        match command {
            ScreenCommand::Quit => return vec![Effect::Leave(Exit::Quit)],
            ScreenCommand::Help => self.dialogs.open(HelpDialog::new(self.topic())),
            ScreenCommand::Palette => self.dialogs.open(PaletteDialog::new(side)),
            ScreenCommand::Prompt => self.dialogs.open(Prompt::new(String::new())),
            ScreenCommand::OtherEnd => self.focus = side.other(),
            ScreenCommand::HostSettings => self.dialogs.open(HostDialog::new(side)),
            ScreenCommand::OptionsDialog => {
                let socket = self.run.session.ends[side].current.clone();
                self.dialogs.open(OptionsDialog::new(side, socket.clone()));
                if self.run.replay.is_some() {
                    self.status = Some("this is a recording: only options that were read by then are known".into());
                    return Vec::new();
                }
                return self.act(Action::ReadOptions(side, socket), now);
            }
            // What it waits for is nearer than why the one before it ended.
            ScreenCommand::Why => match (self.explained_by_a_program(side), self.run.session.ends[side].newest()) {
                (Some(entry), _) => return self.act(Action::WhyEntry(entry), now),
                (None, Some(call)) => return self.act(Action::Why(call), now),
                // A program that is not shown has met something, too.
                (None, None) => match self.panes.programs.explained(&self.run.session, side) {
                    Some(entry) => return self.act(Action::WhyEntry(entry), now),
                    None if self.run.session.programs.ran_on(side) => {
                        self.status = Some(format!(
                            "the {side} has made no call yet, and its programs have told of no failure that is known"
                        ));
                    }
                    None => self.status = Some(format!("the {side} has made no call yet")),
                },
            },
            ScreenCommand::RawRows => self.dialogs.open(RawDialog::new(side)),
            ScreenCommand::Edit => {
                let typed = self.pointing.mark().and_then(Action::typed);
                self.dialogs
                    .open(Prompt::editing(&typed.unwrap_or_else(|| format!("{side} "))));
            }
            ScreenCommand::More => self.dialogs.open(MenuDialog::new(side, &self.run.session)),
            ScreenCommand::Scenarios if self.is_only_shown() => {}
            ScreenCommand::Scenarios => match LessonsDialog::open() {
                Ok(lessons) => self.dialogs.open(lessons),
                Err(why) => self.status = Some(why),
            },
            ScreenCommand::NextCommand
            | ScreenCommand::CommandBefore
            | ScreenCommand::ToTheLine
            | ScreenCommand::TourNext
            | ScreenCommand::TourEnd
            | ScreenCommand::TourBack
            | ScreenCommand::ToTheStart
                if self.run.replay.is_some() =>
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
            | ScreenCommand::TourRejoin
            | ScreenCommand::Predict
            | ScreenCommand::Branch
            | ScreenCommand::TourLeave => return self.tour_command(command, now),
            ScreenCommand::Record if self.run.replay.is_some() => {
                self.status = Some("this is a recording: its file has the commands, and finwait do runs them".into());
            }
            ScreenCommand::Record => match self.run.record() {
                Some(text) => return vec![Effect::Save("recorded".into(), text)],
                None => self.status = Some("there is nothing to record yet".into()),
            },
            ScreenCommand::NewLab if self.run.replay.is_some() => {
                self.status = Some("this is a recording: no lab stands behind it".into());
            }
            ScreenCommand::NewLab => {
                let done = self.run.commands();
                let dialog = NewLabDialog::new(&self.run.session, done, self.recording.clone());
                self.dialogs.open(dialog);
            }
            ScreenCommand::Runtimes if self.is_only_shown() => {}
            ScreenCommand::Runtimes => {
                let dialog = RuntimeDialog::new(side, &self.run.session.ends[side]);
                self.dialogs.open(dialog);
            }
            ScreenCommand::NextConnection => return self.show_connection(self.shown.after(&self.run.session), now),
            ScreenCommand::AllConnections => {
                let next = match self.shown.connection {
                    ShownConnection::All => ShownConnection::Newest,
                    ShownConnection::One(_) | ShownConnection::Newest => ShownConnection::All,
                };
                return self.show_connection(next, now);
            }
            ScreenCommand::EndedSockets => {
                let Folded { ended, forgotten, .. } = self.run.session.folded(side);
                let ended = ended.len() + forgotten;
                if ended == 0 {
                    self.status = Some(format!("the {side} has no ended socket"));
                } else {
                    let unfolds = !self.shown.unfolded[side];
                    self.shown.unfolded[side] = unfolds;
                    let are = match (unfolds, forgotten) {
                        (true, 0) => "shown".to_owned(),
                        (true, forgotten) => format!("shown but for {forgotten} that no entry is left of"),
                        (false, _) => "folded".to_owned(),
                    };
                    self.status = Some(format!("ended sockets of the {side}: {ended}, {are}"));
                }
            }
            ScreenCommand::Programs => self.panes.programs.toggle(&self.run.session, side),
            ScreenCommand::RunPrompt if self.is_only_shown() => {}
            ScreenCommand::RunPrompt => {
                let run = table::row(Verb::End(EndVerb::Run)).name;
                self.dialogs.open(Prompt::new(format!("{side} {run} ")));
            }
            ScreenCommand::NextProgram => {
                if !self.panes.programs.select_next(&self.run.session, side) {
                    let count = self.run.session.programs.of(side).count();
                    self.status = Some(match count {
                        0 => format!("no program was started on the {side}'s host"),
                        _ => format!("the {side}'s host has no other program"),
                    });
                }
            }
            ScreenCommand::ProgramOutput => {
                let program = self.panes.programs.selected(&self.run.session, side);
                match program.map(|program| program.no) {
                    Some(no) => self.dialogs.open(OutputDialog::new(no)),
                    None => self.status = Some(format!("no program was started on the {side}'s host")),
                }
            }
            ScreenCommand::WireRules => self.dialogs.open(RulesDialog::default()),
            ScreenCommand::ForgeDialog => self.dialogs.open(ForgeDialog::new(side)),
            ScreenCommand::HeldBefore => self.choose_by(-1),
            ScreenCommand::HeldAfter => self.choose_by(1),
            ScreenCommand::States => self.panes.turn_wire(),
            ScreenCommand::Present => self.panes.presents = !self.panes.presents,
            ScreenCommand::Zoom => {
                self.panes.zoom_next();
                if self.panes.zoom.is_some() {
                    let zoom = self.setup.keys.of_screen(ScreenCommand::Zoom);
                    self.status = Some(format!("{zoom}: the next pane, Esc: all of them"));
                }
            }
            ScreenCommand::Themes => self.dialogs.open(ThemesDialog::new(&self.setup)),
            ScreenCommand::UseTheme(name) => return self.use_theme(name),
            ScreenCommand::LogFilter => self.panes.log.next_filter(),
            ScreenCommand::Mouse => {
                self.mouse = self.mouse.other();
                return vec![Effect::Mouse(self.mouse)];
            }
            ScreenCommand::Export => {
                let guided = self.run.tour.as_ref().map(|tour| tour.scenario().name.clone());
                self.dialogs.open(ExportDialog::new(guided.as_deref().unwrap_or("run")));
            }
            ScreenCommand::Screenshot => return vec![Effect::Screenshot],
            ScreenCommand::LogFollow => self.panes.log.toggle_follow(),
            ScreenCommand::CopyLine => {
                if let Some(text) = self.panes.log.selected_text(&self.run.session.transcript) {
                    self.status = Some(format!("copied: {text}"));
                    return vec![Effect::Copy(text)];
                }
                self.status = Some("there is no line to copy".into());
            }
        }
        Vec::new()
    }

    /// Returns the failure that a program of an end has met last, where the end shows its programs: the number of the entry.
    fn explained_by_a_program(&self, side: Side) -> Option<u64> {
        let programs = &self.panes.programs;
        let shows = programs.shows(&self.run.session, side);
        shows.then(|| programs.explained(&self.run.session, side)).flatten()
    }

    /// Has the screen look like that theme, and keeps it in the configuration.
    pub(super) fn use_theme(&mut self, name: ThemeName) -> Vec<Effect> {
        if let Err(why) = self.setup.use_theme(name) {
            self.status = Some(why);
            return Vec::new();
        }
        match &self.setup.config {
            Some(file) => vec![Effect::KeepTheme(file.clone(), name)],
            None => {
                self.status = Some(format!(
                    "theme {name}, until finwait ends: there is no configuration file"
                ));
                Vec::new()
            }
        }
    }

    /// Has a new lab made, of the kind that was chosen; what was done is written before, where that is wanted.
    pub(super) fn new_lab(&mut self, lab: ChosenLab, record: bool) -> Vec<Effect> {
        let fresh = LabSpec {
            chosen: Some(lab),
            ..LabSpec::default()
        };
        match self.run.record().filter(|_| record) {
            Some(text) => vec![Effect::SaveAndRenew("recorded".into(), text, fresh)],
            None => vec![Effect::Fresh(fresh)],
        }
    }

    /// Begins a guide in a fresh lab, in place of this one and of the two of a lesson; what was done is written before, where that is wanted.
    pub(super) fn guide_instead(&mut self, scenario: Arc<Scenario>, record: bool) -> Vec<Effect> {
        self.dialogs.clear();
        let fresh = LabSpec::of(&scenario);
        let recorded = self.run.record().filter(|_| record);
        self.begin(scenario);
        let ended = self.beside.take().map(|_| Effect::EndBeside);
        let renewed = match recorded {
            Some(text) => Effect::SaveAndRenew("recorded".into(), text, fresh),
            None => Effect::Fresh(fresh),
        };
        ended.into_iter().chain([renewed]).collect()
    }

    /// Shows connections. The sockets of one that is chosen become the current ones, so that the buttons act on what is shown; a guide's
    /// and a recording's stay as they are.
    pub(super) fn show_connection(&mut self, shown: ShownConnection, now: MonoTime) -> Vec<Effect> {
        self.shown.connection = shown;
        let session = &self.run.session;
        let count = session.connection_count();
        let Some(no) = self.shown.alone(session) else {
            self.status = Some(match (shown, count) {
                (_, 0) => "there is no connection yet".into(),
                (_, 1) => "the one connection is shown".into(),
                (_, count) if session.connections_kept() < count as usize => {
                    let kept = session.connections_kept();
                    format!("all connections are shown that the transcript still has: {kept} of {count}")
                }
                (_, count) => format!("all {count} connections are shown"),
            });
            return Vec::new();
        };
        let Some(view) = session.connection(no) else {
            return Vec::new();
        };
        let words = describe(&view, count);
        let names = Ends::from_fn(|side| {
            let end = &session.ends[side];
            let socket = view.names[side].and_then(|name| end.socket(name))?;
            (end.current.as_ref() != Some(&socket.name)).then(|| socket.shown().clone())
        });
        let mut effects = Vec::new();
        if self.run.tour.is_none() && self.run.replay.is_none() {
            for (side, name) in names.iter() {
                if let Some(name) = name {
                    let pick = EndCommand::Use(Pick::Named(name.clone()));
                    effects.extend(self.command(side, &pick, now));
                }
            }
        }
        self.status = Some(words);
        effects
    }

    /// Of a socket that was chosen by hand, makes its connection's other end the current socket there: both plates are about one connection.
    /// A guide's sockets stay as they are.
    pub(super) fn bring_the_peer_along(&mut self, side: Side, now: MonoTime) -> Vec<Effect> {
        let session = &self.run.session;
        let connection = session.ends[side].current.as_ref();
        let Some(no) = connection.and_then(|name| session.connection_of_socket(side, name)) else {
            return Vec::new();
        };
        if let ShownConnection::One(_) = self.shown.connection {
            self.shown.connection = ShownConnection::One(no);
        }
        let other = side.other();
        let peer = session.connection(no).and_then(|view| view.names[other]);
        let peer = peer.and_then(|name| session.ends[other].socket(name));
        let peer = peer.filter(|socket| session.ends[other].current.as_ref() != Some(&socket.name));
        let Some(pick) = peer.map(|socket| EndCommand::Use(Pick::Named(socket.shown().clone()))) else {
            return Vec::new();
        };
        if self.run.tour.is_some() || self.run.replay.is_some() {
            return Vec::new();
        }
        self.command(other, &pick, now)
    }

    /// Shows the newest connection where one is shown alone and another has come, after the first `before`, shows that one: it is what was
    /// done last.
    pub(super) fn show_the_new(&mut self, before: u32) {
        let count = self.run.session.connection_count();
        if let ShownConnection::One(_) = self.shown.connection
            && count > before
        {
            self.shown.connection = ShownConnection::One(ConnectionNo(count));
            let all = self.setup.keys.of_screen(ScreenCommand::AllConnections);
            self.say(format!("connection {count} is new, and shown; {all} shows all"));
        }
    }

    /// The subject that the help begins with: what is marked, else the end that has the keys.
    fn topic(&self) -> HelpTopic {
        match self.pointing.mark() {
            Some(Action::LogLine(_) | Action::ShowEntry(_)) => HelpTopic::Log,
            Some(Action::Segment(_)) => HelpTopic::Diagram,
            Some(Action::Meaning(side, of)) => {
                let views = self.run.session.sockets(*side);
                let is_it = |view: &&SocketView| SocketIdentity::view(view).as_ref() == Some(of);
                views
                    .iter()
                    .find(is_it)
                    .map_or(HelpTopic::End(*side), |view| HelpTopic::State(view.state()))
            }
            Some(Action::Means(state)) => HelpTopic::State(*state),
            Some(Action::End(side, command)) => HelpTopic::Command(Command::End(*side, command.clone())),
            Some(Action::Wire(command)) => HelpTopic::Command(Command::Wire(command.clone())),
            Some(Action::Screen(_, command)) => HelpTopic::Command(Command::Screen(*command)),
            _ if self.panes.programs.shows(&self.run.session, self.focus) => HelpTopic::Programs(self.focus),
            _ => HelpTopic::End(self.focus),
        }
    }

    /// Returns what a button of the guide needs where the user has left its path; none where it does what it says.
    pub(super) fn needs_the_path(tour: Option<&Tour>, command: ScreenCommand, keys: &Keymap) -> Option<String> {
        tour?.left()?;
        let needs = matches!(
            command,
            ScreenCommand::TourNext | ScreenCommand::TourEnd | ScreenCommand::Predict | ScreenCommand::Branch
        );
        let of = |command| keys.of_screen(command);
        let (rejoin, again) = (of(ScreenCommand::TourRejoin), of(ScreenCommand::ToTheStart));
        let (leave, this) = (of(ScreenCommand::TourLeave), of(command));
        needs.then(|| {
            format!(
                "{this} needs the guide's path, which you have left: {rejoin} goes back to it, {again} begins again, {leave} goes on alone"
            )
        })
    }

    /// Does what the guide's buttons do.
    fn tour_command(&mut self, command: ScreenCommand, now: MonoTime) -> Vec<Effect> {
        if let Some(why) = App::needs_the_path(self.run.tour.as_ref(), command, &self.setup.keys) {
            self.status = Some(why);
            return Vec::new();
        }
        let Some(tour) = &mut self.run.tour else {
            let lessons = self.setup.keys.of_screen(ScreenCommand::Scenarios);
            self.status = Some(format!("there is no guide: {lessons} lessons starts one"));
            return Vec::new();
        };
        match command {
            ScreenCommand::TourNext => tour.next(),
            ScreenCommand::TourEnd => tour.to_the_end(),
            ScreenCommand::TourBack | ScreenCommand::ToTheStart | ScreenCommand::TourRejoin => {
                let to = match command {
                    ScreenCommand::ToTheStart => 0,
                    ScreenCommand::TourRejoin => tour.at(),
                    _ => tour.at().saturating_sub(1),
                };
                let scenario = tour.scenario();
                let fresh = LabSpec::of(&scenario);
                self.run.tour = Some(tour.again(to));
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
                let questions = tour.questions(&self.run.session);
                let action = tour.step().and_then(|step| step.action.as_ref());
                let predict = action.and_then(|action| PredictDialog::new(action.text.clone(), questions));
                match predict {
                    Some(predict) => self.dialogs.open(predict),
                    None => self.status = Some("there is nothing to predict about the next step".into()),
                }
                return Vec::new();
            }
            _ => {
                self.run.tour = None;
                self.status = Some("on your own now: the sockets are as the guide left them".into());
                return Vec::new();
            }
        }
        self.go_on(now)
    }
}
