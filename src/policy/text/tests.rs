use proptest::prelude::*;

use super::{ShownSign, Sign, find_program, find_sign};

/// Asserts that each text shows `sign`.
#[track_caller]
fn assert_shown(sign: Sign, texts: &[&str]) {
    let missed: Vec<_> = texts.iter().filter(|text| find(text, sign).is_none()).collect();
    assert!(missed.is_empty(), "does not show {}: {missed:#?}", sign.name());
}

/// Asserts that no text shows `sign`.
#[track_caller]
fn assert_not_shown(sign: Sign, texts: &[&str]) {
    let wrong: Vec<_> = texts.iter().filter(|text| find(text, sign).is_some()).collect();
    assert!(wrong.is_empty(), "shows {}: {wrong:#?}", sign.name());
}

/// The path of a text in any language.
const SCRIPT: &str = "script";

fn find(text: &str, sign: Sign) -> Option<ShownSign> {
    find_sign(SCRIPT.into(), text.into(), &[sign])
}

#[test]
fn emoji_print_is_a_call_that_prints_an_emoji() {
    assert_shown(
        Sign::EmojiPrint,
        &[
            "print(\"✅ 12 orders\")",
            "    print(f'Orders: {count} 🎉')",
            "console.log(`🔍 Orders of ${id}`);",
            "  .catch(error => console.error('❌', error));",
            "echo ⚠ no orders",
            "echo \"<p>✅ connected</p>\";",
            "printf '🚀 starts\\n'",
            "Write-Host \"📦 packed\" -ForegroundColor Green",
            "println!(\"🔧 {}\", count);",
            "puts '⏳'",
            "logger.info('⚙️ settings')",
        ],
    );
    assert_not_shown(
        Sign::EmojiPrint,
        &[
            "print('12 orders')",
            "print('✓ 12 orders → done — “fine”')",
            "# print('✅')",
            "  // console.log('✅');",
            "label = '✅'",
            "status.textContent = '✅ saved';",
            "sprint('✅')",
            "<td><?php echo $count; ?> ✅</td>",
            "See the log. ✅",
            "<button onclick=\"window.print()\">🖨 Print</button>",
            "<a class=\"echo-link\">🔗</a>",
            "'✅'; print('orders')",
            "print('заказы')",
            "RAISE NOTICE '✅ % rows', count;",
        ],
    );
}

#[test]
fn emoji_print_counts_in_no_shell_and_on_no_page() {
    let find = |path: &str, text: &str| find_sign(path.into(), text.into(), &[Sign::EmojiPrint]);
    for path in ["lint.sh", "lint.bash", "lint.zsh", "lint.ps1", "lint.bat", "lint.cmd", "orders.html"] {
        assert_eq!(find(path, "echo '🔍 Linting'\nconsole.log('🚀');\n"), None, "{path}");
    }
    assert_eq!(find("status.php", "<!DOCTYPE html>\n<?php echo '✅ connected';\n"), None);
    assert!(find("orders.php", "<?php\necho '✅ connected';\n").is_some());
    assert!(find("orders.sh.py", "print('✅ 12 orders')\n").is_some());
}

#[test]
fn rewrites_source_is_a_file_that_is_read_replaced_in_and_written() {
    assert_shown(
        Sign::RewritesSource,
        &[
            "path = 'src/cart.ts'\nwith open(path) as f:\n    text = f.read()\ntext = text.replace('a', 'b')\nwith open(path, 'w') as f:\n    f.write(text)\n",
            "for name in glob('src/**/*.tsx'):\n    text = open(name, encoding='utf-8').read()\n    open(name, mode=\"w\", encoding='utf-8').write(re.sub('a', 'b', text))\n",
            "with open(os.path.join(top, 'cart.py'), \"r\") as f:\n    text = f.read().replace('a', 'b')\nwith open(os.path.join(top, 'cart.py'), \"w\") as f:\n    f.write(text)\n",
            "page = Path('pages/cart.html')\npage.write_text(page.read_text().replace('a', 'b'))\n",
            "Path('cart.py').write_text(Path('cart.py').read_text().replace('a', 'b'))",
            "const file = 'src/Cart.jsx';\nlet text = fs.readFileSync(file, 'utf8');\ntext = text.replace(/a/g, 'b');\nfs.writeFileSync(file, text);\n",
            "$file = __DIR__ . '/cart.php';\nfile_put_contents($file, str_replace('a', 'b', file_get_contents($file)));",
            "path = 'app/cart.rb'\nFile.write(path, File.read(path).gsub('a', 'b'))",
            "$path = 'src/Cart.cs'\n$text = Get-Content -Raw $path\nSet-Content $path -Value ($text -replace 'a', 'b')",
            "sed -i 's/a/b/' src/cart.ts",
            "find src -name '*.py' | xargs sed -i -e 's/a/b/' $(git ls-files '*.py')",
            "for f in src/*.kt; do\n  sed -i '' 's/a/b/' \"$f\"\ndone",
            "perl -pi -e 's/a/b/' src/Cart.java",
            "sed -i 's/a/b/' src/build.py src/dist_rows.ts",
            "for f in $(find . -name '*.tsx' -not -path '*/node_modules/*'); do\n  sed -i 's/a/b/' $f\ndone",
            "target = 'src/cart.ts'\ntext = open(target).read().replace('dist/a', 'b')\nopen(target, 'w').write(text)\n",
        ],
    );
    assert_not_shown(
        Sign::RewritesSource,
        &[
            // Another file is written.
            "text = open('src/cart.ts').read().replace('a', 'b')\nopen('out/cart.ts', 'w').write(text)\n",
            // Data, not a source.
            "path = 'orders.json'\ntext = open(path).read().replace('a', 'b')\nopen(path, 'w').write(text)\n",
            // Nothing is replaced.
            "path = 'cart.py'\ntext = open(path).read()\nopen(path, 'w').write(text + 'x')\n",
            "path = 'cart.py'\ntext = open(path).read().replace('a', 'b')\nopen(path, 'a').write(text)\n",
            "sed 's/a/b/' src/cart.ts > out.ts",
            "sed -i 's/a/b/' .env",
            "sed -i 's/\\r$//' ./deploy.sh",
            "sed -i 's/a/b/' \"$config\"\npython manage.py migrate",
            // What is rewritten is built.
            "sed -i 's/a/b/' dist/cart.js",
            "sed -i 's/a/b/' \"$OUT/cart.ts\"",
            "for f in generated/*_pb2.py; do\n  sed -i 's/a/b/' \"$f\"\ndone",
            "for f in $(find build -name '*.js'); do\n  sed -i 's/a/b/' \"$f\"\ndone",
            "path = 'proto/shop_pb2.py'\ntext = open(path).read().replace('a', 'b')\nopen(path, 'w').write(text)\n",
            "const file = join(top, 'dist', 'cart.js');\nlet text = fs.readFileSync(file, 'utf8');\nfs.writeFileSync(file, text.replace('a', 'b'));\n",
            "for file in glob('vendor/**/*.py'):\n    text = open(file).read().replace('a', 'b')\n    open(file, 'w').write(text)\n",
            "page = Path('out/cart.html')\npage.write_text(page.read_text().replace('a', 'b'))\n",
            "# sed -i 's/a/b/' src/cart.ts",
            "@rem sed -i 's/a/b/' src/cart.ts",
            "grep -i a src/cart.ts",
            "perl -MIO::File -e 'print 1' src/cart.pl src/cart.ts",
        ],
    );
}

#[test]
fn home_path_is_a_path_in_the_home_of_a_person() {
    assert_shown(
        Sign::HomePath,
        &[
            "path = '/home/mia/shop/orders.csv'",
            "cd /Users/mia.k/shop",
            "open(r'C:\\Users\\Mia K\\shop\\orders.csv')",
            "open('c:\\\\users\\\\mia\\\\orders.csv')",
            "cd /c/Users/mia/shop",
            "const top = 'D:/Users/mia/shop';",
            "file:///home/mia/orders.csv",
            "executablePath: '/root/.cache/browser/chrome',",
        ],
    );
    assert_not_shown(
        Sign::HomePath,
        &[
            "<a href=\"/home/products/list\">",
            "fetch('/home/orders/list')",
            "cd /home/user/shop",
            "cd /home/ubuntu/shop",
            "cd /home/runner/shop",
            "cd /Users/you/shop",
            "cd /home/$USER/shop",
            "cd /home/${name}/shop",
            "cd /home/<name>/shop",
            "C:\\Users\\YourName\\shop",
            "C:\\Users\\%USERNAME%\\shop",
            "cd /home/mia",
            "fetch(`${base}/home/orders/new`)",
            "https://shop.test/Users/mia/orders",
            "# cd /home/mia/shop",
            "  // /Users/mia/shop/orders.csv",
            "volumes: data:/root/.cache/x",
            "docker run -v ./orders:/home/shop/orders shop",
            "copy orders webapp@shop.test:/home/shop/orders",
            "TOP=/home/shop/orders\nssh shop.test \"cd $TOP && make\"",
            "rsync -a orders/ \"$HOST\" --rsync-path=/home/shop/bin/rsync",
            "client.exec_command('cd /home/shop/orders && make')",
            "WORKDIR /home/webapp/shop",
        ],
    );
}

#[test]
fn secret_is_a_token_a_key_or_an_address_with_a_password() {
    let shown = [
        format!("key = 'sk-proj-{}'", "aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC2eF4"),
        format!("TOKEN={}{}", "gh", "p_aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC2eF4hJ6"),
        format!("key: \"{}{}\"", "AK", "IA3DE5GH7JK9MN1PQ3"),
        format!("'{}{}'", "AI", "zaB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC2eF4hJ6k"),
        format!("{0}hbGciOiJIUzI1NiJ9.{0}zdWIiOiI3MyIsIm4iOjF9.qW7eR5tY3uI1oP9aS", "eyJ"),
        format!("-----BEGIN RSA PRIVATE {}\n{}", "KEY-----", "MIIEpQIBAAKCAQEAr3Vd8nQw5zKx7LbT2yHc9uJf"),
        "db = 'postgresql://shop:k7Gq2mZp@db.shop.io:5432/shop'".to_owned(),
    ];
    assert_shown(Sign::Secret, &shown.each_ref().map(String::as_str));
    assert_not_shown(
        Sign::Secret,
        &[
            "key = 'sk-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'",
            "key = 'sk-your-key-goes-here-and-it-is-a-long-one-indeed'",
            "key = os.environ['KEY']",
            "task-aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC2eF4hJ6",
            "AKIAEXAMPLEEXAMPLE12",
            "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----",
            "-----BEGIN PRIVATE KEY-----\nMIIEpQIBAAKCAQEAr3Vd8nQw5zKx",
            "eyJhbGciOiJIUzI1NiJ9.aB3dE5gH7jK9mN1pQ3sT.qW7eR5tY3uI1oP9aS",
            "postgres://shop:k7Gq2mZp@localhost:5432/shop",
            "postgres://shop:k7Gq2mZp@db:5432/shop",
            "postgres://shop:password@db.shop.io/shop",
            "postgres://shop:${PASSWORD}@db.shop.io/shop",
            "https://mia:k7Gq2mZp@shop.io/orders",
            "npm_package_config_development_server_port_number",
            "hf_tokenizer_for_sequence_classification",
            "SG.createDirectionalLightNode",
        ],
    );
}

#[test]
fn program_shows_no_sign() {
    for part in [
        "import argparse",
        "name = sys.argv[1]",
        "const [name] = process.argv.slice(2);",
        "while getopts n: option; do",
        "Copy-Item orders $args[0]",
        "class Orders:",
        "export default function orders() {}",
        "export interface Order {}",
        "module.exports = { orders };",
        "name = input('name? ')",
        "count = input('Enter the count: ')",
        "app = Flask(__name__)",
        "@app.get('/orders')",
        "server.listen(3000);",
        "def lambda_handler(event, context):",
        "@client.event",
        "client.run(token)",
        "client.login(process.env.TOKEN);",
        "    while True:",
        "while true; do",
        "while :; do",
        "for (;;) {",
        "setInterval(check, 1000);",
        "orders.run_forever()",
        "channel.start_consuming()",
        "# crontab: 0 3 * * * python3 orders.py",
        "for line in sys.stdin:",
        "// ==UserScript==",
        "password = getpass('password: ')",
        "schedule.every(10).minutes.do(check)",
        "chrome.runtime.onMessage.addListener(orders);",
        "document.addEventListener('click', orders);",
        "param([string]$Name)",
        "    uvicorn shop.api:app --reload &",
        "Start-Process powershell -ArgumentList '-Command', 'npm start'",
    ] {
        let text = format!("\n{part}\nprint('✅ done')\n");
        assert_eq!(find_program(SCRIPT.into(), text.as_str().into()), Some(2), "{part}");
        assert_eq!(find_sign(SCRIPT.into(), text.as_str().into(), &Sign::ALL), None, "{part}");
    }
    for part in [
        "export PATH=/opt/bin:$PATH",
        "lines = f.readlines()",
        "text.replace(/(a)/, '$1b')",
        "awk '{ print $1 }' orders",
        "echo 'Run this first: npm start'",
        "if \"@app.get('/orders')\" in line:",
        "text = text.replace('while True:', 'for row in rows:')",
        "element.addEventListener('click', orders);",
        "    class Orders:",
        "class OrderTester:",
        "class ShopTestSuite(object):",
        "if input('Delete all orders? (y/n) ') != 'y': exit()",
        "input('Press Enter to go on')",
        "read -p \"Go on? (y/N) \" answer",
    ] {
        let text = format!("{part}\necho '✅ done'\n");
        assert_eq!(find_program(SCRIPT.into(), text.as_str().into()), None, "{part}");
    }
}

#[test]
fn arguments_of_a_shell_are_what_it_expands() {
    let uses_arguments = |path: &str, line: &str| find_program(path.into(), line.into()).is_some();
    for line in [
        "cp orders $1",
        "cp orders \"$1\"",
        "for file in $@; do",
        "echo $* $#",
        "case $2 in",
        "name=${1:-orders}",
        "sed \"s/a/$1/\" orders",
        "sh -c \"cp orders \\\"$1\\\"\"",
    ] {
        assert!(uses_arguments("copy.sh", line), "{line}");
        assert!(!uses_arguments("copy.py", line), "{line}");
    }
    for line in [
        "awk '{ print $1 }' orders",
        "awk \"{ print \\$1 }\" orders",
        "echo \"it's\" && awk '{ print \"$1\" }' orders",
        "perl -pe 's/(a)/$1b/' orders",
        "# cp orders $1",
        "echo $HOME $? $$ $0",
    ] {
        assert!(!uses_arguments("copy.sh", line), "{line}");
    }
    for line in ["copy orders %1", "copy orders \"%~1\"", "call shop %*"] {
        assert!(uses_arguments("copy.bat", line), "{line}");
    }
    for line in ["cd /d %~dp0", "echo 100%", "rem copy orders %1"] {
        assert!(!uses_arguments("copy.bat", line), "{line}");
    }
}

#[test]
fn module_defines_functions_and_does_nothing() {
    let find = |path: &str, text: &str| find_program(path.into(), text.into());
    let python = "import os\n\nTOP = 'orders'\n\ndef load(name):\n    print('✅', name)\n";
    let javascript =
        "const TOP = 'orders';\n\nasync function load(name) {\n  if (name) console.log('✅');\n}\n";
    assert_eq!(find("orders.py", python), Some(5));
    assert_eq!(find("orders.js", javascript), Some(3));
    for statement in [
        "load(TOP)",
        "if __name__ == '__main__':",
        "for name in names:",
        "with open(TOP) as f:",
        "def test_load():",
    ] {
        assert_eq!(find("orders.py", &format!("{python}\n{statement}\n    pass\n")), None, "{statement}");
    }
    for call in ["load_dotenv()", "logging.basicConfig(level=20)", "sys.path.append(TOP)"] {
        assert!(find("orders.py", &format!("{call}\n{python}")).is_some(), "{call}");
    }
    for statement in
        ["load(TOP);", "load(TOP).then(print);", "(async () => {", "const rows = await load(TOP);"]
    {
        assert_eq!(find("orders.js", &format!("{javascript}\n{statement}\n")), None, "{statement}");
    }
    assert_eq!(find("orders.py", "import os\nTOP = 'orders'\n"), None);
}

#[test]
fn sign_is_the_first_wanted_one_with_its_line() {
    let text = "import os\r\nos.chdir('/home/mia/shop')\r\nprint('✅')\r\n";
    let find = |signs: &[Sign]| find_sign(SCRIPT.into(), text.into(), signs);
    assert_eq!(find(&Sign::ALL), Some(ShownSign { sign: Sign::HomePath, line: 2 }));
    assert_eq!(
        find(&[Sign::EmojiPrint, Sign::HomePath]),
        Some(ShownSign { sign: Sign::EmojiPrint, line: 3 })
    );
    assert_eq!(find(&[Sign::Secret]), None);
    assert_eq!(find(&[]), None);
}

#[test]
fn signs_have_their_names_in_toml() {
    #[derive(serde::Deserialize)]
    struct Rule {
        text: Vec<Sign>,
    }
    let names = Sign::ALL.map(|sign| format!("{:?}", sign.name())).join(", ");
    let rule: Rule = toml::from_str(&format!("text = [{names}]")).unwrap();
    assert_eq!(rule.text, Sign::ALL);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Parts that the searches look for, in any order, with any bytes between them.
    #[test]
    fn any_bytes_can_be_searched(
        path in prop::sample::select(vec![SCRIPT, "a.py", "a.js", "a.sh", "a.bat", "a.php"]),
        parts in prop::collection::vec(prop_oneof![
            prop::sample::select(PARTS).prop_map(<[u8]>::to_vec),
            prop::collection::vec(any::<u8>(), 0..4),
        ], 0..40),
    ) {
        let text = parts.concat();
        for sign in Sign::ALL {
            if let Some(shown) = find_sign(path.into(), text.as_slice().into(), &[sign]) {
                let lines = text.split(|byte| *byte == b'\n').count();
                prop_assert!(shown.sign == sign && (1..=lines).contains(&shown.line));
            }
        }
    }
}

const PARTS: &[&[u8]] = &[
    b"print(",
    "✅".as_bytes(),
    b"echo ",
    b"console.",
    b"open(",
    b".read_text(",
    b".write_text(",
    b"Set-Content ",
    b"'w'",
    b"'",
    b"\"",
    b",",
    b")",
    b"(",
    b"\n",
    b" ",
    b".replace(",
    b".py",
    b"*.py",
    b"sed -",
    b"i ",
    b"$f",
    b"/home/",
    b":\\Users\\",
    b"/Users/",
    b"mia/",
    b"x",
    b"'/root/",
    b"eyJ",
    b".",
    b"sk-",
    b"PRIVATE KEY-----",
    b"://",
    b"postgres",
    b"@",
    b":",
    b"#",
    b"class ",
    b"input(",
    b"$1",
    b"\\",
    b"find ",
    b"dist/",
    b" = ",
    b"def a(",
    b"aB3dE5gH7jK9mN1pQ3",
];
