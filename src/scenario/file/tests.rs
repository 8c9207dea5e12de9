use super::*;
use crate::scenario::expect::Expected;
use crate::scenario::returns::Returns;
use proptest::prelude::*;

const HEAD: &str = "title = \"t\"\nsummary = \"s\"\ngroup = \"close\"\n";

fn mistakes(text: &str) -> Vec<String> {
    let mistakes = read("x.toml", text).expect_err(text);
    let one = |mistake: &Mistake| format!("{}:{}: {}", mistake.place.line, mistake.place.column, mistake.why);
    mistakes.iter().map(one).collect()
}

/// Of a step whose lines are `step`; its first line is line 5 of the file.
fn of_step(step: &str) -> Vec<String> {
    mistakes(&format!("{HEAD}[[step]]\n{step}\n"))
}

#[test]
fn every_mistake_is_told_where_it_is_and_what_would_be_right() {
    let mut wrong = Vec::new();
    for (step, said) in [
        (
            "clinet = \"connect\"",
            "5:1: a step has no \"clinet\"; did you mean client?",
        ),
        (
            "client = \"conect\"",
            "5:11: \"conect\" is not a command; did you mean connect?",
        ),
        (
            "client = 'write \"x\" nosignl'",
            "5:21: write does not know nosignl; it takes nosignal, oob, dontwait, repeat=, deadline=, on=; did you mean nosignal?",
        ),
        (
            "client = \"write \\\"x\\\" nosignl\"",
            "5:23: write does not know nosignl; it takes nosignal, oob, dontwait, repeat=, deadline=, on=; did you mean nosignal?",
        ),
        ("client = \"server connect\"", "5:11: \"server\" is not a command"),
        (
            "client = \"quit\"",
            "5:11: quit is a command of the screen, and takes no end before it",
        ),
        ("client = 5", "5:10: this is a number, and must be a string"),
        ("client = \"\"", "5:11: a command is missing"),
        (
            "client = \"socket\"\nserver = \"socket\"",
            "6:10: a step does one thing: server belongs in a step of its own, after client",
        ),
        (
            "wire = \"step\"",
            "5:8: only the isolated lab has the wire: lab = \"isolated\"",
        ),
        (
            "client = \"host device down\"",
            "5:10: only the isolated lab has a host's settings",
        ),
        (
            "client = \"read\"\nreturns = \"EPIPPE\"",
            "6:12: no call returns \"EPIPPE\"; did you mean EPIPE?",
        ),
        (
            "client = \"read\"\nreturns = 'wrote many'",
            "6:18: wrote takes a number",
        ),
        (
            "client = \"kill\"\nreturns = \"EPIPE\"",
            "6:11: this command makes no call: it returns ok",
        ),
        (
            "returns = \"ok\"",
            "5:11: returns is what a command returns, and this step has none",
        ),
        (
            "client = \"read\"\nlater = \"ok\"",
            "6:9: this is a string, and must be a table like",
        ),
        (
            "client = \"signal TERM crul\"",
            "5:10: no program is called crul: the scenario runs none",
        ),
        (
            "client = \"read\"\nlater = { cleint = \"ok\" }",
            "6:11: no socket is ever called \"cleint\"",
        ),
        (
            "client = \"read\"\nstates = { client = \"FIN_WAIT_2\" }",
            "6:22: \"FIN_WAIT_2\" is not a state; did you mean FIN_WAIT2",
        ),
        (
            "client = \"read\"\nstates = { client = \"FIN_WAIT2 orphaned\" }",
            "6:32: after a state can come open, orphan, shared, not \"orphaned\"; did you mean orphan?",
        ),
        (
            "client = \"read\"\nstates = { queued = \"ESTABLISHED SYNRECV\" }",
            "6:34: \"SYNRECV\" is not a state; did you mean SYN_RECV?",
        ),
        (
            "client = \"read\"\nstates = {}",
            "6:10: this is empty; it should be like",
        ),
        (
            "client = \"read\"\nqueues = { client = { rx = \"many\" } }",
            "6:28: a queue is a number of bytes, like 5 or \">0\"",
        ),
        (
            "client = \"read\"\nqueues = { client = { rx = -1 } }",
            "6:28: a queue is a number",
        ),
        (
            "client = \"read\"\nqueues = { client = { tr = 1 } }",
            "6:23: a queue has no \"tr\"",
        ),
        (
            "client = \"read\"\nsegments = [\"client SYN\", \"client SIN\"]",
            "6:35: after who sent it comes what it is",
        ),
        (
            "client = \"read\"\nsegments = [\"...\"]",
            "6:12: ... alone matches whatever comes",
        ),
        (
            "client = \"read\"\nsegments = \"client SYN\"",
            "6:12: this is a string, and must be a list like",
        ),
        (
            "client = \"read\"\nwithin = \"soon\"",
            "6:11: a time is like \"500ms\" or \"2s\", not \"soon\"",
        ),
        (
            "client = \"read\"\nwithin = \"0s\"",
            "6:11: a step waits from 1ms to 600s",
        ),
        (
            "say = \"x\"\nlook = \"y\"",
            "6:8: look is about what a step has done or waited for",
        ),
        ("say = \"x\"\nwithin = \"1s\"", "6:10: within is about expectations"),
        (
            "client = \"socket\"\npart = \"the first\"",
            "6:8: part names the part of the claim that a step tries, and this step claims nothing",
        ),
        ("say = \"x\"\ngives-up = \"soon\"", "6:13: a time is like"),
        ("client = \"read\"\nclaim = false", "6:9: a step's claim is true"),
        (
            "say = \"x\"\nclaim = true",
            "6:9: this step expects nothing that could be claimed",
        ),
        ("say = \"\"", "5:7: this is empty"),
        (
            "",
            "4:1: a step says something, does something or expects something: this one is empty",
        ),
        ("client = \"read", "5:15: "),
        ("client = \"read\"\nclient = \"read\"", "6:1: duplicate key"),
    ] {
        let told = of_step(step);
        if !matches!(told.as_slice(), [told] if told.starts_with(said)) {
            wrong.push(format!("{step}: {told:#?}\nwanted {said}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn mistakes_of_the_file_itself() {
    let step = "[[step]]\nclient = \"socket\"\n";
    for (text, said) in [
        ("", "1:1: a scenario needs title: title = \"one line\""),
        (
            &format!("{HEAD}grop = 1\n{step}"),
            "4:1: a scenario has no \"grop\"; did you mean group?",
        ),
        (
            &format!("title = \"t\"\nsummary = \"s\"\ngroup = \"\"\n{step}"),
            "3:10: a group is a line of at most 60 characters",
        ),
        (
            &format!("{HEAD}lab = \"loopback\"\n{step}"),
            "4:8: \"loopback\" is not a lab; there are any, isolated",
        ),
        (
            &format!("{HEAD}ipv6 = \"yes\"\n{step}"),
            "4:8: this is a string, and must be true or false",
        ),
        (
            &format!("{HEAD}offload = 1\n{step}"),
            "4:11: this is a number, and must be true or false",
        ),
        (
            &format!("{HEAD}driven = \"go\"\n{step}"),
            "4:10: this is a string, and must be a table like driven = { client = \"go\" }",
        ),
        (
            &format!("{HEAD}driven = {{ client = \"golang\" }}\n{step}"),
            "4:22: \"golang\" is not a language; there are native, c, go, python, node",
        ),
        (
            &format!("{HEAD}driven = {{ clinet = \"go\" }}\n{step}"),
            "4:12: driven has no \"clinet\"; did you mean client?",
        ),
        (
            &format!("{HEAD}needs = \"6\"\n{step}"),
            "4:10: a kernel is like \"6.1\", or what it gives like { disconnect-under-read",
        ),
        (
            &format!("{HEAD}needs = {{ disconnect-under-write = \"EPIPE\" }}\n{step}"),
            "4:11: needs has no \"disconnect-under-write\"; did you mean disconnect-under-read?",
        ),
        (
            &format!("{HEAD}needs = {{ disconnect-under-read = \"EBUSI\" }}\n{step}"),
            "4:36: \"EBUSI\" is not what a kernel gives for it; there are EPIPE, EBUSY, ECONNRESET; did you mean EBUSY?",
        ),
        (&format!("{HEAD}needs = {{}}\n{step}"), "4:9: this is empty"),
        (
            &format!("{HEAD}claim = \"c\"\n{step}"),
            "4:9: no step says what the claim expects",
        ),
        (
            &format!("{HEAD}expects = \"c\"\n{step}"),
            "4:11: expects is what the article says, and needs claim",
        ),
        (HEAD, "1:1: a scenario needs step: [[step]]"),
        (&format!("{HEAD}step = []\n"), "4:8: steps are tables"),
        (&format!("{HEAD}step = [1]\n"), "4:9: a step is a table"),
    ] {
        let told = mistakes(text);
        assert!(
            told.iter().any(|told| told.starts_with(said)),
            "{text}: {told:#?}\nwanted {said}"
        );
    }
}

#[test]
fn all_mistakes_are_told_at_once_in_order() {
    let told = of_step("clinet = 1\nreturns = \"EPIPPE\"\nwithin = 2");
    let lines: Vec<&str> = told.iter().map(|told| told.split(':').next().unwrap()).collect();
    assert_eq!(lines, ["5", "6", "7"], "{told:#?}");
}

#[test]
fn a_command_without_returns_must_succeed() {
    let scenario = read("x.toml", &format!("{HEAD}[[step]]\nclient = \"connect\"\n")).unwrap();
    assert_eq!(scenario.steps[0].expected[0].what, Expected::Returns(Returns::Success));
    assert_eq!(scenario.steps[0].action.as_ref().unwrap().text, "client connect");
}

proptest! {
    /// A good file into which anything is typed is read, or each mistake has a place in it.
    #[test]
    fn whatever_stands_there_is_read_or_told(at in any::<prop::sample::Index>(), typed in "\\PC{0,6}|[\"'=\\[\\]{}\\\\\n,.# ]{1,4}") {
        let good = include_str!("../../../assets/scenarios/close/half-close.toml");
        let mut at = at.index(good.len());
        while !good.is_char_boundary(at) {
            at -= 1;
        }
        let text = format!("{}{typed}{}", &good[..at], &good[at..]);
        if let Err(mistakes) = read("x.toml", &text) {
            prop_assert!(!mistakes.is_empty());
            for mistake in mistakes {
                prop_assert!(mistake.place.line >= 1 && mistake.place.line <= text.lines().count() + 1, "{mistake}");
                let line = text.lines().nth(mistake.place.line - 1).unwrap_or_default();
                prop_assert!(mistake.place.column >= 1 && mistake.place.column <= line.chars().count() + 2, "{mistake}");
            }
        }
    }
}

#[test]
fn a_lessons_mistakes_are_told_at_their_place() {
    let step = "\n[[step]]\nclient = \"socket\"\n";
    for (lesson, told) in [
        (
            "5",
            "4:10: this is a number, and must be a table like { group = \"write\"",
        ),
        (
            "{ level = \"beginner\", minutes = 3 }",
            "4:10: a lesson needs start or group",
        ),
        (
            "{ start = 1, group = \"write\", level = \"beginner\", minutes = 3 }",
            "4:20: a lesson stands under one heading",
        ),
        (
            "{ group = \"wrte\", level = \"beginner\", minutes = 3 }",
            "4:21: \"wrte\" is not a group of lessons",
        ),
        (
            "{ group = \"write\", level = \"easy\", minutes = 3 }",
            "4:38: \"easy\" is not a level; there are beginner",
        ),
        (
            "{ group = \"write\", level = \"beginner\", minutes = 0 }",
            "4:59: this is the minutes that it takes, from 1 on",
        ),
        (
            "{ group = \"write\", level = \"beginner\" }",
            "4:10: a lesson needs minutes: minutes = 3",
        ),
        (
            "{ group = \"write\", levl = \"beginner\", minutes = 3 }",
            "a lesson has no \"levl\"; did you mean level?",
        ),
    ] {
        let text = format!("title = \"t\"\nsummary = \"s\"\ngroup = \"close\"\nlesson = {lesson}\n{step}");
        let mistakes = read("a.toml", &text).expect_err(lesson);
        let said: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
        assert!(said.iter().any(|said| said.contains(told)), "{lesson}: {said:#?}");
    }
}

#[test]
fn two_labs_have_as_many_steps_and_each_is_told_what_is_wrong_with_it() {
    let head = "title = \"t\"\nsummary = \"s\"\nleft = \"a\"\nright = \"b\"\nlesson = { start = 1, level = \"beginner\", minutes = 1 }\n";
    let of = |step: &str| beside::read("a.toml", &format!("{head}{step}"));
    let both = of(
        "[[step]]\nsay = \"x\"\nlook = \"x2\"\nboth = { client = \"socket\" }\n[[step]]\nsay = \"y\"\nlook = \"y2\"\nleft = { client = \"close\" }\nright = { say = \"nothing\" }\n",
    );
    let both = both.unwrap_or_else(|mistakes| panic!("{}", mistakes[0]));
    let commands = |column: usize| -> Vec<Option<&str>> {
        let steps = &both.columns[column].scenario.steps;
        let commands = steps
            .iter()
            .map(|step| step.action.as_ref().map(|action| action.text.as_str()));
        commands.collect()
    };
    assert_eq!(commands(0), [Some("client socket"), Some("client close")]);
    assert_eq!(commands(1), [Some("client socket"), None]);
    let said = both.words.iter().map(|words| (words.say.as_str(), words.look.as_str()));
    assert_eq!(said.collect::<Vec<_>>(), [("x", "x2"), ("y", "y2")]);
    for (step, told) in [
        (
            "[[step]]\nboth = { client = \"socket\" }\n",
            "6:1: a step of two labs needs say",
        ),
        (
            "[[step]]\nsay = \"x\"\nboth = { client = \"socket\" }\n",
            "6:1: a step of two labs needs look: how the two labs differ once it is done",
        ),
        (
            "[[step]]\nsay = \"x\"\nlook = \"x2\"\nleft = { client = \"socket\" }\n",
            "9:8: a step of two labs has both, or left and right",
        ),
        (
            "[[step]]\nsay = \"x\"\nlook = \"x2\"\nboth = { client = \"conect\" }\n",
            "\"conect\" is not a command; did you mean connect?",
        ),
        (
            "[[step]]\nsay = \"x\"\nlook = \"x2\"\nmiddle = 1\nboth = { client = \"socket\" }\n",
            "a step of two labs has no \"middle\"",
        ),
    ] {
        let mistakes = of(step).expect_err(step);
        let said: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
        assert!(said.iter().any(|said| said.contains(told)), "{step}: {said:#?}");
    }
}
