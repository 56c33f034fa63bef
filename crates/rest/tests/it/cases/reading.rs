//! `select`, casts, JSON paths, order, ranges and counts, views, partitions, media types.

use super::{Case, Expected, get, json, rows, text};

pub(super) fn cases() -> Vec<Case> {
    [
        selecting(),
        ordering(),
        ranges(),
        views_and_partitions(),
        media_types(),
    ]
    .concat()
}

fn selecting() -> Vec<Case> {
    vec![
        get("/countries?order=code", rows("select * from countries order by code")),
        get(
            "/customers?select=id,who:name,credit::text,joined&order=id&limit=5",
            rows("select id, name as who, credit::text, joined from customers order by id limit 5"),
        ),
        get(
            "/customers?select=id,profile->address->>zip,lang:profile->langs->1,profile->age&order=profile->age.desc&limit=4",
            rows(
                "select id, profile->'address'->>'zip' as zip, profile->'langs'->1 as lang, profile->'age' as age
                 from customers order by profile->'age' desc limit 4",
            ),
        ),
        get(
            "/products?select=id,attributes->parts->-1->>name,odd:attributes->>\"odd key\",attributes->a-b&order=id",
            rows(
                "select id, attributes->'parts'->-1->>'name' as name, attributes->>'odd key' as odd,
                        attributes->'a-b' as \"a-b\" from products order by id",
            ),
        ),
        // Where the answer is: a key once, with all its values, and a path that can be sent.
        get(
            "/customers?select=id&id=gt.1&order=id&id=lt.4",
            rows("select id from customers where id in (2, 3) order by id"),
        )
        .answers("content-location", "/customers?id=gt.1,lt.4&order=id&select=id"),
        get(
            "/Odd%20%22Names?größe=eq.7&select=größe",
            rows("select 7 as größe"),
        )
        .answers("content-location", "/Odd%20%22Names?gr%C3%B6%C3%9Fe=eq.7&select=gr%C3%B6%C3%9Fe"),
        // Paths into arrays and composite values.
        get(
            "/products?select=id,tags->0,box->>width,height:box->height::int&order=box->width.desc&limit=3",
            rows(
                "select id, to_jsonb(tags)->0 as tags, to_jsonb(box)->>'width' as width, (to_jsonb(box)->'height')::int as height
                 from products order by to_jsonb(box)->'width' desc limit 3",
            ),
        ),
        // Every kind of value as PostgreSQL prints it.
        get("/kinds?order=id", rows("select * from kinds order by id")),
        get(
            "/kinds?select=id,big::text,tree->a->1,flag::int,span::text,place::text&order=id",
            rows(
                "select id, big::text, tree->'a'->1 as a, flag::int, span::text, place::text from kinds order by id",
            ),
        ),
        get(
            "/Odd%20%22Names?select=select,order,\"a,b\",\"c.d\",e f,größe,\"x->y\"&\"c.d\"=eq.Dot&order=\"a,b\",größe.desc",
            rows("select * from \"Odd \"\"Names\" where \"c.d\" = 'Dot' order by \"a,b\", \"größe\" desc"),
        ),
        // Computed columns.
        get(
            "/products?select=id,label,l:label&label=like.P-00*&order=label.desc",
            rows(
                "select id, p.label, p.label as l from products p where p.label like 'P-00%' order by p.label desc",
            ),
        ),
        get(
            "/orders?select=id,order_total&order_total=gt.100&order=order_total,id",
            rows("select id, o.order_total from orders o where o.order_total > 100 order by o.order_total, id"),
        ),
        // A domain that is shown by a function.
        get(
            "/products?select=id,color,c:color::text&order=id&limit=6",
            rows(
                "select id, json(color) as color, json(color)::text as c from products order by id limit 6",
            ),
        ),
        get(
            "/products?color=in.(%23010101,%23020202)&select=id,color",
            rows("select id, json(color) as color from products where color in (65793, 131586) order by id"),
        ),
        get(
            "/products?color=eq.%2302828a",
            rows("select * from products where color = 164490"),
        ),
    ]
}

fn ordering() -> Vec<Case> {
    vec![
        get(
            "/customers?select=id,referrer_id&order=referrer_id.desc.nullslast,id.asc",
            rows("select id, referrer_id from customers order by referrer_id desc nulls last, id"),
        ),
        get(
            "/products?select=id&order=category_id.nullsfirst,price.desc&limit=7&offset=3",
            rows("select id from products order by category_id nulls first, price desc limit 7 offset 3"),
        )
        .range("3-9/*"),
        get(
            "/products?select=id&order=id&limit=7&offset=3",
            rows("select id from products order by id limit 7 offset 3"),
        )
        .prefer("count=exact")
        .status(206)
        .range("3-9/40"),
        get(
            "/products?select=id&order=id",
            rows("select id from products order by id limit 5 offset 10"),
        )
        .header("Range", "10-14")
        .range("10-14/*"),
        get(
            "/products?select=id&order=id&category_id=eq.2&offset=2",
            rows("select id from products where category_id = 2 order by id offset 2"),
        )
        .header("Range", "0-3")
        .prefer("count=exact")
        .status(206)
        .range("2-3/4"),
        get("/products?limit=0", rows("select * from products limit 0")).range("*/*"),
        get(
            "/order_lines?select=order_id,line,product:products(name)&order=product(name).desc,order_id,line&limit=9",
            rows(
                "select order_id, line, (select row_to_json(x) from (select p.name) x) as product
                 from order_lines l join products p on p.id = l.product_id order by p.name desc, order_id, line limit 9",
            ),
        ),
        // Ordered by a column of a related row that is not shown, and by two levels.
        get(
            "/products?select=id,suppliers(name)&order=suppliers(country).nullsfirst,id&id=lt.12",
            rows(
                "select p.id, (select row_to_json(x) from (select s.name where s.id is not null) x) as suppliers
                 from products p left join suppliers s on s.id = p.supplier_id where p.id < 12
                 order by s.country nulls first, p.id",
            ),
        ),
        get(
            "/products?select=id,...suppliers(supplier:name)&order=suppliers(name).desc.nullslast,id&id=lt.9",
            rows(
                "select p.id, s.name as supplier from products p left join suppliers s on s.id = p.supplier_id
                 where p.id < 9 order by s.name desc nulls last, p.id",
            ),
        ),
    ]
}

fn ranges() -> Vec<Case> {
    vec![
        get(
            "/tags?offset=5",
            json(
                "select json_build_object('code', 'PGRST103', 'message', 'Requested range not satisfiable',
                    'details', 'Limit should be greater than or equal to zero.', 'hint', null)",
            ),
        )
        .header("Range", "0-3")
        .status(416),
        get("/tags?limit=0", json("select '[]'::json"))
            .header("Range", "4-3")
            .range("*/*"),
        get(
            "/tags?offset=2&order=id",
            rows("select * from tags order by id offset 2 limit 2"),
        )
        .header("Range", "0-3")
        .range("2-3/*"),
        // The target comes before the preferences.
        get("/nowhere", Expected::Error("PGRST205"))
            .prefer("handling=strict, foo")
            .status(404),
        get("/tags", Expected::Error("PGRST122"))
            .prefer("handling=strict, foo")
            .status(400),
        get("/tags?limit=0", json("select '[]'::json")).prefer("handling=strict, max-affected=abc"),
        get(
            "/categories?select=id,prodducts_2021(id)",
            json(
                "select json_build_object('code', 'PGRST200', 'hint', 'Perhaps you meant ''products'' instead of ''prodducts_2021''.',
                    'details', 'Searched for a foreign key relationship between ''categories'' and ''prodducts_2021'' in the schema ''shop'', but no matches were found.',
                    'message', 'Could not find a relationship between ''categories'' and ''prodducts_2021'' in the schema cache')",
            ),
        )
        .status(400),
    ]
}

fn views_and_partitions() -> Vec<Case> {
    vec![
        get(
            "/cheap_products?select=cheap_id,cheap_title,categories(name)&order=cheap_id",
            rows(
                "select cheap_id, cheap_title, (select row_to_json(x) from (select c.name where c.id is not null) x) as categories
                 from cheap_products v left join categories c on c.id = v.cheap_category order by cheap_id",
            ),
        ),
        get(
            "/categories?select=id,cheap_products(cheap_id)&cheap_products.order=cheap_id.desc&order=id",
            rows(
                "select id, (select coalesce(json_agg(x), '[]') from
                    (select cheap_id from cheap_products where cheap_category = c.id order by cheap_id desc) x) as cheap_products
                 from categories c order by id",
            ),
        ),
        get(
            "/product_list?select=product,order_lines(order_id,line)&order_lines.order=order_id,line&product=lte.6&order=product",
            rows(
                "select product, (select coalesce(json_agg(x), '[]') from (select order_id, line from order_lines
                    where product_id = product order by order_id, line) x) as order_lines
                 from product_list where product <= 6 order by product",
            ),
        ),
        // View to view.
        get(
            "/customer_orders?select=order_id,contact_list(email)&order=order_id&limit=4",
            rows(
                "select order_id, json_build_object('email', email) as contact_list
                 from customer_orders v join customers c on c.id = buyer order by order_id limit 4",
            ),
        ),
        get(
            "/product_stats?select=id,sold,revenue,categories(name)&sold=gt.5&order=revenue.desc,id",
            rows(
                "select s.id, sold, revenue, (select row_to_json(x) from (select c.name where c.id is not null) x) as categories
                 from product_stats s left join categories c on c.id = s.category_id where sold > 5 order by revenue desc, s.id",
            ),
        ),
        get(
            "/busy_threads?select=busy_id,busy_answers,users(handle)&order=busy_answers.desc,busy_id",
            rows(
                "select busy_id, busy_answers, json_build_object('handle', handle) as users
                 from busy_threads t join users u on u.id = busy_starter order by busy_answers desc, busy_id",
            ),
        )
        .profile("forum"),
        get(
            "/orders?select=id,placed_on,customers(name),lines:order_lines(line,total)&placed_on=gte.2024-01-01&placed_on=lt.2024-03-01&lines.order=line&order=placed_on",
            rows(
                "select o.id, placed_on, json_build_object('name', c.name) as customers,
                    (select coalesce(json_agg(x), '[]') from (select line, total from order_lines l
                     where (l.order_id, l.placed_on) = (o.id, o.placed_on) order by line) x) as lines
                 from orders o join customers c on c.id = o.customer_id
                 where placed_on >= '2024-01-01' and placed_on < '2024-03-01' order by placed_on",
            ),
        ),
        get(
            "/orders?select=id&order=id&placed_on=lt.2024-01-01",
            rows("select id from orders_2023 order by id"),
        )
        .prefer("count=exact")
        .range("0-19/20"),
    ]
}

fn media_types() -> Vec<Case> {
    vec![
        get(
            "/tags?select=id,label&order=id",
            text("select E'id,label\\n' || string_agg(id || ',' || label, E'\\n' order by id) from tags"),
        )
        .header("Accept", "text/csv"),
        get(
            "/customers?id=gte.30&select=id,name,tags,country&order=id",
            text("select E'id,name,tags,country\\n30,\"Customer 30\",{},jp\\n31,\"O''Brien, \"\"Bob\"\" (\\\\\\\\)\",{},br'"),
        )
        .header("Accept", "text/csv"),
        get(
            "/customers?id=eq.31",
            json("select row_to_json(c) from customers c where id = 31"),
        )
        .header("Accept", "application/vnd.pgrst.object+json"),
        get(
            "/suppliers?select=id,country&order=id",
            json("select json_agg(json_strip_nulls(row_to_json(s)) order by id) from (select id, country from suppliers) s"),
        )
        .header("Accept", "application/vnd.pgrst.array+json;nulls=stripped"),
    ]
}
