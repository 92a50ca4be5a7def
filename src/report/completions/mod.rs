//! Scripts that have a shell complete what a user types, written from what can be typed.
//! What is hidden is not offered.

use clap::builder::PossibleValue;
use clap::{Arg, Command, ValueHint};

/// What can be typed after the program, or after one of its commands.
struct Offered {
    name: String,
    about: String,
    options: Vec<Word>,
    /// The first that is no option: the commands of a program, the values of an argument.
    words: Vec<Word>,
    takes_files: bool,
}

impl Offered {
    /// What is offered where nothing is typed yet; none, where that is files.
    fn first(&self) -> &[Word] {
        if self.words.is_empty() && !self.takes_files { &self.options } else { &self.words }
    }
}

struct Word {
    /// The ways to type it, the shortest first.
    names: Vec<String>,
    help: String,
    value: Value,
}

/// What is typed after an option.
enum Value {
    Nothing,
    OneOf(Vec<String>),
    File,
    Directory,
    Text,
}

/// The script for bash of the program `grammar`, which is built.
#[must_use]
pub fn bash(grammar: &Command) -> String {
    let offered = all_offered(grammar);
    let joined = |words: &[Word]| {
        words.iter().flat_map(|word| &word.names).map(String::as_str).collect::<Vec<_>>().join(" ")
    };
    let commands = lines(&offered, |command| {
        let (options, words) = (joined(&command.options), joined(command.first()));
        format!("                '{}') options='{options}' words='{words}' ;;", command.name)
    });
    let values = lines(with_value(&offered), |word| {
        let values = if let Value::OneOf(values) = &word.value { values.join(" ") } else { String::new() };
        format!("        {}) words='{values}' ;;", word.names.join(" | "))
    });
    filled(include_str!("stage-guard.bash"), &names_with_value(&offered, " | "), &values, &commands)
}

/// The script for zsh of the program `grammar`, which is built.
#[must_use]
pub fn zsh(grammar: &Command) -> String {
    let offered = all_offered(grammar);
    let quoted = |text: &str| format!("'{}'", text.replace('\'', r"'\''"));
    let described = |words: &[Word]| {
        let each = words.iter().flat_map(|word| word.names.iter().map(move |name| (name, &word.help)));
        each.map(|(name, help)| quoted(&format!("{name}:{help}"))).collect::<Vec<_>>().join(" ")
    };
    let commands = lines(&offered, |command| {
        let (options, words) = (described(&command.options), described(command.first()));
        format!("        ('{}') options=({options}) offered=({words}) ;;", command.name)
    });
    let values = lines(with_value(&offered), |word| {
        let values = match &word.value {
            Value::OneOf(values) => format!("compadd -- {}", values.join(" ")),
            Value::Directory => "_files -/".to_owned(),
            Value::File => "_files".to_owned(),
            Value::Nothing | Value::Text => format!("_message '{}'", word.help.replace('\'', "")),
        };
        format!("        ({}) {values}; return ;;", word.names.join("|"))
    });
    filled(include_str!("stage-guard.zsh"), &names_with_value(&offered, "|"), &values, &commands)
}

/// The script for fish of the program `grammar`, which is built.
#[must_use]
pub fn fish(grammar: &Command) -> String {
    let offered = all_offered(grammar);
    let quoted = |text: &str| format!("'{}'", text.replace('\\', r"\\").replace('\'', r"\'"));
    let commands = lines(&offered, |Offered { name, options, words, takes_files, .. }| {
        let when = format!("complete -c stage-guard -n \"__stage_guard_is '{name}'\"");
        let mut all = Vec::new();
        if *takes_files {
            all.push(format!("{when} -F"));
        }
        for Word { names, help, .. } in words {
            all.push(format!("{when} -a {} -d {}", names.join(" "), quoted(help)));
        }
        for Word { names, help, value } in options {
            let names = names.iter().map(|name| match name.strip_prefix("--") {
                Some(long) => format!("-l {long}"),
                None => format!("-s {}", name.trim_start_matches('-')),
            });
            let value = match value {
                Value::Nothing => String::new(),
                Value::OneOf(values) => format!(" -x -a {}", quoted(&values.join(" "))),
                Value::File => " -r -F".to_owned(),
                Value::Directory => " -x -a '(__fish_complete_directories)'".to_owned(),
                Value::Text => " -x".to_owned(),
            };
            let names = names.collect::<Vec<_>>().join(" ");
            all.push(format!("{when} {names} -d {}{value}", quoted(help)));
        }
        all.join("\n")
    });
    filled(include_str!("stage-guard.fish"), &names_with_value(&offered, " "), "", &commands)
}

/// The script for `PowerShell` of the program `grammar`, which is built.
#[must_use]
pub fn powershell(grammar: &Command) -> String {
    let offered = all_offered(grammar);
    let quoted = |text: &str| format!("'{}'", text.replace('\'', "''"));
    let pair = |name: &str, help: &str| format!(", @({}, {})", quoted(name), quoted(help));
    let commands = lines(&offered, |Offered { name, options, words, .. }| {
        let words = words.iter().chain(options);
        let pairs = words.flat_map(|word| word.names.iter().map(|name| pair(name, &word.help)));
        format!("                {} {{ {} }}", quoted(name), pairs.collect::<Vec<_>>().join("; "))
    });
    let values = lines(with_value(&offered), |word| {
        let pairs = match &word.value {
            Value::OneOf(values) => values.iter().map(|value| pair(value, &word.help)).collect(),
            _ => Vec::new(),
        };
        let names: Vec<String> = word.names.iter().map(|name| quoted(name)).collect();
        format!("        {{ $_ -cin {} }} {{ {} }}", names.join(", "), pairs.join("; "))
    });
    let with_value = format!("'{}'", names_with_value(&offered, "', '"));
    filled(include_str!("stage-guard.ps1"), &with_value, &values, &commands)
}

/// The program, then its commands.
fn all_offered(grammar: &Command) -> Vec<Offered> {
    let commands = grammar.get_subcommands().filter(|command| !command.is_hide_set());
    let commands: Vec<Offered> = commands.map(offered).collect();
    let word = |command: &Offered| Word {
        names: vec![command.name.clone()],
        help: command.about.clone(),
        value: Value::Nothing,
    };
    let words = commands.iter().map(word).collect();
    let program = Offered { name: String::new(), words, ..offered(grammar) };
    [program].into_iter().chain(commands).collect()
}

fn offered(command: &Command) -> Offered {
    let mut offered = Offered {
        name: command.get_name().to_owned(),
        about: command.get_about().map(ToString::to_string).unwrap_or_default(),
        options: Vec::new(),
        words: Vec::new(),
        takes_files: false,
    };
    for arg in command.get_arguments().filter(|arg| !arg.is_hide_set()) {
        let word = word(arg);
        match word.value {
            Value::OneOf(_) if arg.is_positional() => offered.words = words_of(arg),
            Value::File if arg.is_positional() => offered.takes_files = true,
            _ => offered.options.push(word),
        }
    }
    offered
}

/// What an argument can be.
fn words_of(arg: &Arg) -> Vec<Word> {
    let word = |value: PossibleValue| Word {
        names: vec![value.get_name().to_owned()],
        help: value.get_help().map(ToString::to_string).unwrap_or_default(),
        value: Value::Nothing,
    };
    arg.get_possible_values().into_iter().map(word).collect()
}

fn word(arg: &Arg) -> Word {
    let short = arg.get_short().map(|short| format!("-{short}"));
    let long = arg.get_long().map(|long| format!("--{long}"));
    let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
    // A value that may be left out is no word of its own.
    let takes_word =
        arg.get_num_args().is_some_and(|values| values.min_values() > 0 && values.takes_values());
    let values: Vec<String> =
        arg.get_possible_values().iter().map(|value| value.get_name().to_owned()).collect();
    let value = match arg.get_value_hint() {
        _ if !takes_word && !arg.is_positional() => Value::Nothing,
        _ if !values.is_empty() => Value::OneOf(values),
        ValueHint::AnyPath | ValueHint::FilePath => Value::File,
        ValueHint::DirPath => Value::Directory,
        _ => Value::Text,
    };
    let help = help.replace('\n', " ");
    Word { names: short.into_iter().chain(long).collect(), help, value }
}

/// The options that a value follows, each once: no two commands have one that differs.
fn with_value(offered: &[Offered]) -> Vec<&Word> {
    let mut words: Vec<&Word> = offered.iter().flat_map(|command| &command.options).collect();
    words.retain(|word| !matches!(word.value, Value::Nothing));
    words.sort_by(|one, other| one.names.cmp(&other.names));
    words.dedup_by(|one, other| one.names == other.names);
    words
}

fn names_with_value(offered: &[Offered], between: &str) -> String {
    let words = with_value(offered).into_iter();
    words.flat_map(|word| &word.names).map(String::as_str).collect::<Vec<_>>().join(between)
}

fn lines<T>(of: impl IntoIterator<Item = T>, line: impl Fn(T) -> String) -> String {
    of.into_iter().map(line).collect::<Vec<_>>().join("\n")
}

fn filled(script: &str, with_value: &str, values: &str, commands: &str) -> String {
    script.replace("@with_value@", with_value).replace("@values@", values).replace("@commands@", commands)
}
