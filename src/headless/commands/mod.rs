//! `finwait do`: the same commands without a screen, and the transcript on standard output.

mod runner;
mod source;

use std::io::{self, BufReader, BufWriter, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::mpsc::channel;
use std::time::Duration;

use super::printer::{Format, Printing, print_refused};
use super::refused::RunStatus;
use super::scenarios::recording_of;
use crate::clock::MonoTime;
use crate::exit::{BAD, CANNOT, DIFFERS, fail};
use crate::export::wanted::ExportChoices;
use crate::lab::{LocalLab as Lab, Options};
use crate::live::EventSink;
use crate::paint::{Paint, PaintingWriter};
use crate::recording::recorded;
use crate::session::Session;
use crate::session::lineup::FirstProgram;
use crate::side::Ends;
use crate::stderr::complain;
use crate::tui::film::RENDERER;
use runner::Runner;
use source::{CommandSource, check};

/// The way in which the commands of a run are carried out.
pub struct CommandOptions {
    /// The programs that it begins with.
    pub programs: Ends<Vec<FirstProgram>>,
    /// The way in which it is printed.
    pub printing: Printing,
    /// The time that a call has before the next command.
    pub patience: Duration,
    /// The colours of the text.
    pub paint: Paint,
}

/// Carries out the commands of a command line, or those of standard input where the only one is `-`.
pub fn run(
    options: &Options,
    commands: &[String],
    how: CommandOptions,
    record: Option<&Path>,
    exports: &ExportChoices,
) -> ExitCode {
    let CommandOptions {
        programs,
        printing,
        patience,
        paint,
    } = how;
    let is_json = printing.format == Format::Json;
    let from_stdin = commands == ["-"];
    if !from_stdin && let Err(refused) = check(commands) {
        if is_json {
            // The sentence below is for whoever reads no object.
            let _ = print_refused(&refused, &mut io::stdout());
        }
        return fail(BAD, &refused.to_string());
    }
    if let Err(why) = exports.check() {
        return fail(BAD, &why);
    }
    let followed = recording_of(record, "do")
        .and_then(|record| exports.follow(record, None, |why| complain(&format!("finwait: {why}"))));
    let record = match followed {
        Ok(record) => record,
        Err(why) => return fail(BAD, &why),
    };
    let began = MonoTime::now();
    let (inputs, inbox) = channel();
    let events = EventSink::new(inputs.clone());
    let (lab, facts) = match Lab::start(options, move |batch| events.send(batch)) {
        Ok(started) => started,
        Err(error) => return fail(CANNOT, &error.to_string()),
    };
    let source = if from_stdin {
        CommandSource::reader(BufReader::new(io::stdin()), inputs)
    } else {
        Ok(CommandSource::given(commands))
    };
    let source = match source {
        Ok(source) => source,
        Err(error) => return fail(DIFFERS, &format!("start the thread that reads standard input: {error}")),
    };
    let session = recorded(Session::new(facts, began), record.as_ref(), options);
    // What is exported there is not to be mixed with a transcript.
    let stdout: Box<dyn io::Write> = if exports.takes_stdout() {
        Box::new(io::stderr())
    } else {
        Box::new(io::stdout().lock())
    };
    let mut runner = Runner::new(
        session,
        &lab,
        inbox,
        source,
        PaintingWriter::new(BufWriter::new(stdout), paint.unless(is_json)),
        printing,
        patience,
    );
    let verdict = match runner.start() {
        Ok(Ok(())) => run_all(&mut runner, programs, from_stdin),
        Ok(Err(why)) => return fail(CANNOT, &why),
        Err(error) => Err(error),
    };
    drop(runner);
    if let Err(why) = exports.write_recorded(record.as_ref(), &RENDERER) {
        return fail(DIFFERS, &why);
    }
    match verdict {
        Ok(RunStatus::Done) => ExitCode::SUCCESS,
        Ok(RunStatus::NotDone) => ExitCode::from(DIFFERS),
        Ok(RunStatus::NotUnderstood) => ExitCode::from(BAD),
        // Whoever read the transcript has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => fail(DIFFERS, &format!("write to standard output: {error}")),
    }
}

/// Begins with the programs, and carries all commands out; `typed` are those that come one by one.
fn run_all<W: Write>(
    runner: &mut Runner<'_, W>,
    programs: Ends<Vec<FirstProgram>>,
    typed: bool,
) -> io::Result<RunStatus> {
    let began = runner.begin_with(programs)?;
    if let Err(why) = &began {
        complain(&format!("finwait: {why}"));
        // The commands are about what is not there; whoever types them has read it.
        if !typed {
            runner.finish()?;
            return Ok(RunStatus::NotDone);
        }
    }
    let verdict = carry_out(runner, typed)?;
    if began.is_err() {
        return Ok(verdict.max(RunStatus::NotDone));
    }
    match runner.not_started() {
        Some(why) => {
            complain(&format!("finwait: {why}"));
            Ok(verdict.max(RunStatus::NotDone))
        }
        None => Ok(verdict),
    }
}

/// Carries all commands out. One that is not understood ends those of a command line; whoever types them goes on.
fn carry_out<W: Write>(runner: &mut Runner<'_, W>, typed: bool) -> io::Result<RunStatus> {
    let mut verdict = RunStatus::Done;
    while let Some(line) = runner.next_command()? {
        if let Err(refused) = runner.run(&line)? {
            complain(&format!("finwait: {refused}"));
            verdict = verdict.max(refused.verdict);
            if refused.verdict == RunStatus::NotUnderstood && !typed {
                break;
            }
        }
    }
    runner.finish()?;
    Ok(verdict)
}
