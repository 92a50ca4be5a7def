//! Decides whether a report is coloured.

use std::ffi::OsStr;

use crate::cli::Color;
use crate::environment::Environment;

/// Returns whether a report is coloured.
///
/// The option beats the variables of <https://no-color.org> and <https://bixense.com/clicolors>.
#[must_use]
pub fn is_enabled(color: Color, environment: &Environment, is_terminal: bool) -> bool {
    let var = |name| environment.var(name).unwrap_or(OsStr::new(""));
    match color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto if !var("NO_COLOR").is_empty() => false,
        Color::Auto if !var("CLICOLOR_FORCE").is_empty() && var("CLICOLOR_FORCE") != "0" => true,
        Color::Auto => {
            is_terminal && var("CLICOLOR") != "0" && !var("TERM").is_empty() && var("TERM") != "dumb"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::is_enabled;
    use crate::cli::Color;
    use crate::environment::Environment;

    /// Asserts whether a report is coloured in a pipe and on a terminal.
    fn assert_colour(variables: &str, color: Color, expected: [bool; 2]) {
        let variables = variables.split_whitespace().filter_map(|variable| variable.split_once('='));
        let variables = variables.map(|(name, value)| (name.into(), value.into()));
        let environment = Environment::new("/".into(), variables);
        let actual = [false, true].map(|is_terminal| is_enabled(color, &environment, is_terminal));
        assert_eq!(actual, expected, "{environment:?} {color:?}");
    }

    #[test]
    fn a_terminal_is_coloured_and_a_pipe_is_not() {
        assert_colour("TERM=xterm", Color::Auto, [false, true]);
        assert_colour("TERM=xterm CLICOLOR=1", Color::Auto, [false, true]);
        assert_colour("TERM=xterm NO_COLOR=", Color::Auto, [false, true]);
        assert_colour("TERM=xterm CLICOLOR_FORCE=0", Color::Auto, [false, true]);
    }

    #[test]
    fn the_option_beats_the_environment() {
        assert_colour("TERM=dumb NO_COLOR=1", Color::Always, [true, true]);
        assert_colour("TERM=xterm CLICOLOR_FORCE=1", Color::Never, [false, false]);
    }

    #[test]
    fn no_color_beats_clicolor_force() {
        assert_colour("TERM=xterm NO_COLOR=1 CLICOLOR_FORCE=1", Color::Auto, [false, false]);
        assert_colour("TERM=xterm NO_COLOR=0", Color::Auto, [false, false]);
    }

    #[test]
    fn clicolor_force_beats_clicolor_and_the_terminal() {
        assert_colour("TERM=dumb CLICOLOR=0 CLICOLOR_FORCE=1", Color::Auto, [true, true]);
        assert_colour("TERM=xterm CLICOLOR=0", Color::Auto, [false, false]);
    }

    #[test]
    fn a_terminal_that_cannot_colour_is_not_coloured() {
        assert_colour("TERM=dumb", Color::Auto, [false, false]);
        assert_colour("", Color::Auto, [false, false]);
    }
}
