//! Functions: arguments in every form, results of every kind, filters and related rows on them.

use super::{Case, Expected, call, get, json, rows};

pub(super) fn cases() -> Vec<Case> {
    [values(), results(), writes()].concat()
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
