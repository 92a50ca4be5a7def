use super::{assert_allowed, assert_denied};

#[test]
fn a_forced_add_of_the_session_directory_is_denied() {
    assert_denied(&[
        "git add -f .claude_sessions",
        "git add --force .claude_sessions/current/x.py",
        "git add --forc .claude_sessions",
        "git add .claude_sessions/x -f",
        "git add -Af backend/.Claude_Sessions/x",
        "git add -f -- main.py .claude_sessions/x",
        "git stage -f .claude_sessions",
        "git add -f /home/me/project/.claude_sessions/x",
    ]);
    assert_allowed(&[
        "git add .claude_sessions",
        "git add -f main.py",
        "git add -f .claude_sessions.md",
        "git add -- -f .claude_sessions",
        "git add -f --no-force .claude_sessions",
        "git rm -f .claude_sessions/x",
        "git rm --cached -f .claude_sessions/x",
    ]);
}

#[test]
fn a_pathspec_may_begin_with_magic() {
    assert_denied(&[
        "git add -f :/.claude_sessions",
        "git add -f ':(top).claude_sessions/x'",
        "git add -f ':/.claude_sessions/x'",
    ]);
    assert_allowed(&[
        "git add -f . ':!.claude_sessions'",
        "git add -f ':(top)main.py'",
        "git add -f . ':(top,exclude).claude_sessions'",
    ]);
}

#[test]
fn a_forced_add_around_the_session_directory_is_denied() {
    assert_denied(&[
        "git add -f .",
        "git add --force ./",
        "git add -f -A",
        "git add -fA",
        "git add --all --force",
        "git add -f :/",
        "git add -Af '*'",
        "git add -f backend",
        "git add -f main.py backend",
        "git -C backend add -f .",
        "cd backend && git add -f .",
        "find . -maxdepth 0 -exec git add -f {} . \\;",
    ]);
    assert_allowed(&[
        "git add .",
        "git add -A",
        "git add -f",
        "git add -fu",
        "git add -f dist",
        "cd dist && git add -f .",
        "git -C dist add -f .",
        "git add -f dist/*",
        "git add -f . ':!.claude_sessions'",
        "git add -f . ':(exclude).claude_sessions'",
        "git add -f . --no-force",
        "git rm -f .",
    ]);
}

#[test]
fn a_pattern_may_match_the_session_directory() {
    assert_denied(&[
        "git add -f .c*",
        "git add -f .claude*",
        "git add -f .*",
        "git add -f '.claude_session?'",
        "git add -f '.claude*/current'",
        "git add -f '**'",
        "git add -f './*'",
        "git add -f 'backend/**'",
        "git add -f ':(glob)**'",
        "git add -f ':(top)*'",
        "git add -f ':(icase).CLAUDE_SESSIONS'",
        "git add --al --force",
    ]);
    assert_allowed(&["git add -f .g*", "git add -f 'dist/**'", "git add -f ':(glob)dist/**'"]);
}

#[test]
fn an_exclusion_has_to_exclude_the_session_directory() {
    assert_denied(&[
        "git add -f . ':!.claude_sessions/debugging'",
        "git add -f . ':!.claude_sessions.md'",
        "git add -f . ':!backend/.claude_sessions'",
        "git add -f backend . ':!backend/.claude_sessions'",
    ]);
    assert_allowed(&[
        "git add -f . ':!.claude_sessions/'",
        "git add -f . ':!.claude_sessions/**'",
        "git add -f . ':^./.claude_sessions'",
        "git add -f . ':(exclude,glob)**/.claude_sessions/**'",
        "git add -f . ':!/.claude_sessions'",
        "git add -f . ':!*.claude_*'",
        "git add -f backend/ ':!backend/.claude_sessions'",
    ]);
}
