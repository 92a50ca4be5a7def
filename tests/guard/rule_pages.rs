//! The page about rules has each rule, and its examples are refused and allowed.

use super::sandbox::Repo;
use super::sandbox::pages::read;

/// Lines of shell that create the files of the examples.
pub(crate) const FILES: &str = r"mkdir -p backend
printf 'health:\n\tpython check_health.py\n' > backend/Makefile
cat > README.md << end
[The cache](CACHE_ANALYSIS.md) and [example data](data.db)

![The login](test_login.png)
end
echo 'assert True' > backend/test_rows.py
git add -A && git commit -q --no-verify -m 'Count the rows'
cat > backend/count_users.py << end
users = open('/Users/mia/users.csv')
print(len(users.readlines()))
end
cat > backend/count_rows.py << end
import sys
print(len(open(sys.argv[1] or '/Users/mia/rows.csv').readlines()))
end";

/// Returns the built-in rules with their keys, in order.
fn rules() -> Vec<toml::Table> {
    let policy: toml::Table = toml::from_str(&Repo::new().guard("rules").success()).unwrap();
    let rules = policy["rule"].as_array().unwrap();
    rules.iter().map(|rule| rule.as_table().unwrap().clone()).collect()
}

/// Returns the sections of the page about rules that describe one rule, each with its id.
fn rule_sections(page: &str) -> Vec<(&str, &str)> {
    let section = |rest| str::split_once(rest, "\n").unwrap();
    let rest_of_page = page.split("\n### ").skip(1).map(|rest| rest.split("\n## ").next().unwrap());
    rest_of_page.map(section).collect()
}

#[test]
fn each_rule_has_a_heading() {
    let page = read("docs/rules.md");
    let described: Vec<&str> = rule_sections(&page).into_iter().map(|(id, _)| id).collect();
    let rules = rules();
    let ids: Vec<&str> = rules.iter().map(|rule| rule["id"].as_str().unwrap()).collect();
    assert_eq!(described, ids);
    let overview: Vec<&str> = page.lines().filter(|line| line.starts_with("| [")).collect();
    assert_eq!(overview.len(), ids.len());
    for (row, rule) in overview.into_iter().zip(&rules) {
        let has = |key, value: &str| rule.get(key).is_some_and(|text| text.as_str() == Some(value));
        let id = rule["id"].as_str().unwrap();
        let place =
            if has("scope", "production-root") { "directly in a production root" } else { "at any depth" };
        let home = match rule["home"].as_str().unwrap() {
            _ if rule.contains_key("stays") => "where it is, ignored".to_owned(),
            _ if id == "session-directory" => "`.claude_sessions/`".to_owned(),
            name => format!("`.claude_sessions/{name}/`"),
        };
        assert!(row.starts_with(&format!("| [{id}](#{id}) |")), "{row}");
        assert!(row.ends_with(&format!("| {place} | {home} |")), "{row}");
    }
}

/// Returns the paths in a table of refused and allowed paths, with the verdict that it has on each.
fn examples(section: &str) -> Vec<(String, &'static str)> {
    let rows = section.lines().skip_while(|line| *line != "| refused | allowed |").skip(2);
    let cells = rows.take_while(|line| line.starts_with('|')).flat_map(|row| {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        [(cells[1], "refused"), (cells[2], "allowed")]
    });
    let path = |cell: &str| Some(cell.strip_prefix('`')?.split_once('`')?.0.to_owned());
    cells.filter_map(|(cell, verdict)| Some((path(cell)?, verdict))).collect()
}

#[test]
fn examples_of_rules_are_refused_and_allowed() {
    let repo = Repo::new();
    repo.shell(FILES).success();
    let page = read("docs/rules.md");
    let (_, roots) = page.split_once("\n## Production roots\n").unwrap();
    for (id, section) in rule_sections(&page).into_iter().chain([("one-off-script", roots)]) {
        let examples = examples(section);
        for verdict in ["refused", "allowed"] {
            assert!(examples.iter().any(|example| example.1 == verdict), "{id}");
        }
        let paths = examples.iter().map(|(path, _)| path.as_str());
        let run =
            repo.guard_args(&["explain", "--format", "json"].into_iter().chain(paths).collect::<Vec<_>>());
        let document: serde_json::Value = serde_json::from_str(&run.out).unwrap();
        let all_explained = document["paths"].as_array().unwrap();
        assert_eq!(all_explained.len(), examples.len(), "{id}");
        for ((path, verdict), explained) in examples.iter().zip(all_explained) {
            assert_eq!(explained["verdict"], **verdict, "{id}: {path}: {explained}");
            assert!(*verdict == "allowed" || explained["rule"] == id, "{id}: {path}: {explained}");
        }
    }
}

/// Asserts that a page of `docs/` exists, and has the heading that the anchor names.
fn assert_exists(page: &str) {
    let (file, anchor) = page.split_once('#').unwrap();
    let text = read(file);
    let headings = text.lines().filter_map(|line| line.trim_start_matches('#').strip_prefix(' '));
    let mut anchors = headings.map(|heading| heading.to_lowercase().replace(' ', "-"));
    assert!(anchors.any(|found| found == anchor), "{page}");
}

#[test]
fn explain_and_sarif_name_the_page_of_a_rule() {
    let repo = Repo::new();
    repo.write(".stage-guard.toml", "[[rule]]\nid = \"sql-dump\"\nnames = [\"*.dump.sql\"]\n");
    let sarif: serde_json::Value = serde_json::from_str(&repo.guard("--format sarif").success()).unwrap();
    let rules = sarif["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap();
    assert_eq!(rules.len(), self::rules().len() + 1);
    for rule in rules {
        let id = rule["id"].as_str().unwrap();
        let (_, page) = rule["help"]["text"].as_str().unwrap().rsplit_once("See stage-guard's ").unwrap();
        assert_exists(page.strip_suffix('.').unwrap());
        assert!(page.ends_with(&format!("#{id}.")) || id == "sql-dump", "{id}: {page}");
    }
    for (path, page) in
        [("debug_x.py", "docs/rules.md#debug-script"), ("x.dump.sql", "docs/configuration.md#add-a-rule")]
    {
        assert_exists(page);
        let run = repo.guard_args(&["explain", path]);
        assert!(run.out.ends_with(&format!("\n  see: stage-guard's {page}\n")), "{run:?}");
        let run = repo.guard_args(&["explain", "--format", "json", path]);
        assert!(run.out.contains(&format!("\"page\":\"{page}\"")), "{run:?}");
    }
}

#[test]
fn the_examples_of_the_readme_are_refused() {
    let readme = read("README.md");
    let table = readme.split("\n## What is refused\n").nth(1).unwrap().split("\n## ").next().unwrap();
    let cells = table.lines().filter(|line| line.starts_with('|')).map(|row| row.split('|').nth(2).unwrap());
    let examples: Vec<String> = cells
        .flat_map(|cell| cell.split('`').skip(1).step_by(2))
        .map(|path| if path.ends_with('/') { format!("{path}x") } else { path.to_owned() })
        .collect();
    assert!(examples.len() > 10);
    let explained = Repo::new().guard(&format!("explain {}", examples.join(" "))).out;
    for path in examples {
        assert!(explained.contains(&format!("{path}: refused: ")), "{path}");
    }
}
