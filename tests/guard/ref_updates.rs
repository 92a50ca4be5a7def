//! `reference-transaction`: new commits of branches and of `HEAD`.

use super::commits::{NOTE, repo_with_history};
use super::pushes::commit_without_hooks;
use super::sandbox::Repo;

#[test]
fn a_transaction_is_checked_if_it_adds_commits_to_a_branch() {
    let repo = repo_with_history(&[]);
    repo.git("branch -q -D theirs rootless root").success();
    repo.shell("git tag -d $(git tag)").success();
    let zero = "0".repeat(40);
    let main = repo.git("rev-parse main").success();
    let main = main.trim();
    repo.commit_unchecked(&[NOTE]);
    let dirty = repo.git("rev-parse main").success();
    let dirty = dirty.trim();
    repo.git("reset -q --hard HEAD~1").success();
    let refused = [
        format!("{main} {dirty} refs/heads/main\n"),
        format!("{zero} {dirty} refs/heads/main"),
        format!("{main} {dirty} HEAD\n"),
        format!("{main} {} HEAD\n", dirty.to_uppercase()),
        format!("{zero} {main} refs/tags/t\n{zero} {dirty} refs/heads/x\n"),
        format!(
            "{}{zero} {dirty} refs/heads/x\n",
            format!("{zero} {main} refs/remotes/o/x\n").repeat(100_000)
        ),
        format!("{zero} {dirty} refs/heads/a\u{202e}\x1b[31m\n"),
    ];
    let allowed = [
        String::new(),
        format!("{zero} {dirty} HEAD\n"),
        format!("{dirty} {dirty} HEAD\n"),
        format!("{main} {zero} refs/heads/main\n"),
        format!("{zero} ref:refs/heads/x HEAD\n"),
        "ref:refs/heads/y ref:refs/heads/x HEAD\n".to_owned(),
        format!("{zero} {dirty} refs/stash\n"),
        format!("{zero} {dirty} refs/tags/x\n{zero} {dirty} refs/remotes/o/x\n{zero} {dirty} ORIG_HEAD\n"),
        format!("{zero} {main} refs/heads/x\n"),
    ];
    let unknown = [
        "nonsense\n".to_owned(),
        "\n".to_owned(),
        "\0\0\n".to_owned(),
        format!("{zero} {dirty}\n"),
        format!("{zero} {dirty} \n"),
        "12 34 refs/heads/x\n".to_owned(),
        format!("{zero}  {dirty} refs/heads/x\n"),
    ];
    let run = |state: &str, input: &str| {
        repo.guard_with_input(&["hook", "reference-transaction", state], input.as_bytes())
    };
    for input in &refused {
        run("prepared", input).refuses(&[NOTE]).code(1);
    }
    for input in &allowed {
        run("prepared", input).silent();
    }
    for input in &unknown {
        run("prepared", input).fails_with("of standard input");
    }
    for state in ["preparing", "committed", "aborted", "a state to come", ""] {
        for input in refused.iter().chain(&unknown) {
            run(state, input).silent();
        }
    }
    repo.guard_with_input(&["hook", "reference-transaction"], refused[0].as_bytes()).silent();
    // A mirror receives commits that none of its refs reaches.
    repo.git("init -q --bare ../bare.git").success();
    repo.shell("cp -a .git/objects ../bare.git").success();
    let bare = repo.sibling("bare.git");
    for input in &refused {
        bare.guard_with_input(&["hook", "reference-transaction", "prepared"], input.as_bytes()).silent();
    }
    let missing = format!("{zero} {} refs/heads/x\n", "1".repeat(40));
    run("prepared", &missing).fails_with("1111");
}

#[test]
fn the_shim_reads_a_transaction_in_a_hostile_environment() {
    let repo = Repo::new();
    repo.guard("install --strict=refs").success();
    commit_without_hooks(&repo.env("x", "y"), "later.py");
    let hostile = ["line", "seen", "previous", "before", "name", "id"]
        .iter()
        .fold(repo.child("."), |repo, name| repo.env(name, "x y"));
    let hostile = hostile.env("IFS", "0/");
    hostile.git("branch one").silent();
    let dirty = hostile.shell("git commit-tree -p HEAD -m x $(git write-tree)").success();
    hostile.git(&format!("branch two {}", dirty.trim())).silent();
    hostile.stage(NOTE).git("commit -q -n -m x").refuses(&[NOTE]);
    let tree = hostile.git("write-tree").success();
    let dirty = hostile.git(&format!("commit-tree -p HEAD -m x {}", tree.trim())).success();
    let run = hostile.git(&format!("branch three {}", dirty.trim()));
    assert!(run.code == 128 && run.err.contains(&format!("refused: {NOTE} [")), "{run:?}");
}
