//! Functions: arguments in every form, results of every kind, filters and related rows on them.

use super::{Case, Expected, call, get, json, rows};

pub(super) fn cases() -> Vec<Case> {
    [
        values(),
        results(),
        single_values(),
        descriptions(),
        refusals(),
        writes(),
    ]
    .concat()
}

fn values() -> Vec<Case> {
    vec![
        get("/rpc/add?a=3", json("select to_json(add(3))")),
        call(
            "/rpc/add",
            r#"{"a": 3, "b": 4}"#,
            json("select to_json(add(3, 4))"),
        ),
        call("/rpc/add", "a=3&b=-4", json("select to_json(add(3, -4))"))
            .header("Content-Type", "application/x-www-form-urlencoded"),
        call("/rpc/add", r#"{"a": 3, "c": 4}"#, Expected::Error("PGRST202")).status(404),
        get(
            "/rpc/joined?words=a&words=b%20c&words=d",
            json("select to_json(joined('a', 'b c', 'd'))"),
        ),
        get("/rpc/joined?words={a,b}", json("select to_json(joined('{a,b}'))")),
        call(
            "/rpc/joined",
            r#"{"words": ["x", "y,z"]}"#,
            json("select to_json(joined('x', 'y,z'))"),
        ),
        get("/rpc/greet", json("select to_json(greet())")),
        get(
            "/rpc/greet?name=O'Neill",
            json("select to_json(greet('O''Neill'))"),
        ),
        call(
            "/rpc/greet",
            r#"{"title": "Dr", "name": "No"}"#,
            json("select to_json(greet('No', 'Dr'))"),
        ),
        call(
            "/rpc/echo",
            r#"{"a":  [1, {"b": null}]}"#,
            json("select echo('{\"a\": [1, {\"b\": null}]}')"),
        ),
        call(
            "/rpc/shout",
            "a \"loud\" word",
            json("select to_json(shout('a \"loud\" word'))"),
        )
        .header("Content-Type", "text/plain"),
        get(
            "/rpc/sum_of?numbers={1,2,3}",
            json("select to_json(sum_of('{1,2,3}'))"),
        ),
        call("/rpc/ping", "{}", Expected::Nothing).status(204),
        get("/rpc/evens?most=7", json("select to_json(evens(7))")),
        get("/rpc/as_json?id=4", json("select as_json(4)::json")),
        get("/rpc/regions", json("select json_agg(r) from regions() r")),
        get(
            "/rpc/divide?a=17&b=5",
            json("select row_to_json(d) from divide(17, 5) d"),
        ),
        get(
            "/rpc/half?a=5",
            json("select row_to_json(h) from (select half(5) as result) h"),
        ),
        get(
            "/rpc/karma_of?handle=user7",
            json("select to_json(karma_of('user7'))"),
        )
        .profile("forum"),
        get(
            "/rpc/describe?id=7",
            json("select row_to_json(d) from describe(7) d"),
        )
        .profile("forum"),
    ]
}

fn results() -> Vec<Case> {
    vec![
        get(
            "/rpc/products_under?most=20&select=id,name,categories(name)&category_id=neq.3&order=price.desc&limit=4",
            rows(
                "select p.id, p.name, json_build_object('name', c.name) as categories from products_under(20) p
                 join categories c on c.id = p.category_id where category_id <> 3 order by price desc limit 4",
            ),
        ),
        get(
            "/rpc/products_under?most=12&select=id,name,color&order=id&offset=1",
            rows("select id, name, json(color) as color from products_under(12) order by id offset 1"),
        )
        .prefer("count=exact")
        .status(206),
        call(
            "/rpc/product?select=id,label,reviews(stars)&reviews.order=id",
            r#"{"wanted": 3}"#,
            json(
                "select row_to_json(t) from (select id, p.label, (select json_agg(x) from
                    (select stars from reviews where product_id = p.id order by id) x) as reviews from products p where id = 3) t",
            ),
        ),
        get(
            "/rpc/sales?select=product_id,revenue&sold=gt.8&since=lt.0&order=revenue.desc,product_id",
            Expected::Error("42703"),
        )
        .status(400),
        get(
            "/rpc/sales?select=product_id,revenue&since=2024-01-01&sold=gt.8&order=revenue.desc,product_id",
            rows(
                "select product_id, revenue from sales('2024-01-01') where sold > 8 order by revenue desc, product_id",
            ),
        ),
        // Columns whose types only PostgreSQL knows.
        get(
            "/rpc/packed?select=number,box->unit,first:words->>0,facts->parts->1->name&box->width=lt.9&words->>1=neq.P-003&order=box->height.desc",
            rows(
                "select number, (box).unit, words[1] as first, facts->'parts'->1->'name' as name from packed()
                 where (box).width < 9 and words[2] <> 'P-003' order by (box).height desc",
            ),
        ),
        get(
            "/rpc/packed?select=number&body=fts(english).run&facts=wfts(english).bolts&number=lt.6&order=number",
            rows(
                "select number from packed() where to_tsvector('english', body) @@ to_tsquery('english', 'run')
                    and to_tsvector('english', facts) @@ to_tsquery('english', 'bolts') and number < 6 order by number",
            ),
        ),
        get(
            "/rpc/sales?select=count(),revenue.sum()",
            rows("select count(*), sum(revenue) from sales()"),
        ),
        get(
            "/rpc/find_posts?words=cats&select=id,threads!inner(title,boards(name))&threads.board_id=eq.3&order=id",
            rows(
                "select p.id, json_build_object('title', t.title, 'boards', json_build_object('name', b.name)) as threads
                 from find_posts('cats') p join threads t on t.id = thread_id join boards b on b.id = board_id
                 where board_id = 3 order by p.id",
            ),
        )
        .profile("forum"),
        call(
            "/rpc/find_posts?select=id&id=gt.50",
            r#"{"words": "trees", "best": 30}"#,
            rows("select id from find_posts('trees', 30) where id > 50"),
        )
        .profile("forum"),
    ]
}

/// One value is one row, which filters and media types treat as such.
fn single_values() -> Vec<Case> {
    const STRIPPED: &str = "application/vnd.pgrst.array+json;nulls=stripped";
    vec![
        get("/rpc/add?a=1&id=eq.3", Expected::Error("42703")).status(400),
        get("/rpc/add?a=1&select=id", Expected::Error("42703")).status(400),
        get("/rpc/add?a=1&select=foo(*)", Expected::Error("PGRST200")).status(400),
        get("/rpc/add?a=1&foo.id=eq.3", Expected::Error("PGRST108")).status(400),
        get("/rpc/ping?id=eq.3", Expected::Error("42703")).status(400),
        get("/rpc/product?wanted=3&id=eq.4", json("select 'null'::json")).range("0-0/*"),
        get(
            "/rpc/product?wanted=3&select=id",
            json("select '{\"id\": 3}'::json"),
        )
        .prefer("count=exact")
        .range("0-0/1"),
        get("/rpc/add?a=3", json("select '5'::json"))
            .prefer("count=exact")
            .range("0-0/1"),
        call("/rpc/ping", "{}", Expected::Nothing)
            .prefer("count=exact")
            .range("0-0/1")
            .status(204),
        get("/rpc/maybe", json("select '{\"a\": 1}'::json")).header("Accept", STRIPPED),
        get("/rpc/add?a=3", json("select '5'::json")).header("Accept", STRIPPED),
        get(
            "/rpc/regions?limit=1",
            json("select '{\"pgrst_scalar\": \"north\"}'::json"),
        )
        .header("Accept", "application/vnd.pgrst.object+json"),
        get("/rpc/add?a=3", json("select '5'::json")).header("Accept", "application/vnd.pgrst.object+json"),
    ]
}

fn describe(path: &'static str, expected: Expected) -> Case {
    Case {
        method: "OPTIONS",
        ..get(path, expected)
    }
}

/// OPTIONS is about the function that takes no arguments.
fn descriptions() -> Vec<Case> {
    vec![
        describe("/rpc/nowhere", Expected::Error("PGRST202")).status(404),
        describe("/rpc/product", Expected::Error("PGRST202")).status(404),
        describe("/rpc/greet", Expected::Nothing).answers("allow", "OPTIONS,GET,HEAD,POST"),
        describe("/rpc/tick", Expected::Nothing).answers("allow", "OPTIONS,POST"),
    ]
}

fn refusals() -> Vec<Case> {
    vec![
        get(
            "/rpc/add?a=1&b=2&smthelse=3",
            json(
                "select json_build_object('code', 'PGRST202', 'hint', 'Perhaps you meant to call the function shop.add(a, b)',
                    'details', 'Searched for the function shop.add with parameters a, b, smthelse, but no matches were found in the schema cache.',
                    'message', 'Could not find the function shop.add(a, b, smthelse) in the schema cache')",
            ),
        )
        .status(404),
        get("/rpc/nowhere", Expected::Error("PGRST202"))
            .prefer("handling=strict, foo")
            .status(404),
        get("/rpc/add?a=1", Expected::Error("PGRST122"))
            .prefer("handling=strict, foo")
            .status(400),
        get("/rpc/refuse?code=PT401", Expected::Error("PT401"))
            .answers("www-authenticate", "Bearer")
            .status(401),
        get("/rpc/refuse?code=PT503", Expected::Error("PT503"))
            .answers("retry-after", "1")
            .status(503),
        get("/rpc/refuse?code=PT40A", Expected::Error("PT40A")).status(500),
    ]
}

fn writes() -> Vec<Case> {
    vec![
        call(
            "/rpc/paint?select=id,color",
            r#"{"id": 3, "color": 658188}"#,
            json("select json_build_object('id', 3, 'color', '#0a0b0c')"),
        )
        .undone(),
        // A statement does not see what it wrote itself.
        call(
            "/rpc/sell?select=order_id,total,orders(customers(name))",
            r#"{"customer": 4, "product": 9, "quantity": 3}"#,
            rows(
                "select 9000 as order_id, price * 3 as total, null as orders from products where id = 9",
            ),
        )
        .undone(),
        call(
            "/rpc/open_thread?select=id,title,boards(name)",
            r#"{"id": 900, "board": 2, "author": 3, "title": "New"}"#,
            json("select json_build_object('id', 900, 'title', 'New', 'boards', json_build_object('name', 'Help'))"),
        )
        .profile("forum")
        .undone(),
        get("/rpc/open_thread?id=900&board=2&author=3&title=New", Expected::Error("25006"))
            .profile("forum")
            .status(405),
    ]
}
