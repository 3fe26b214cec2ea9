// The Markdown pages of the repository, as tests read them.
import { dirname, join } from "node:path";
import { root } from "../root.ts";

/** The text of a page, by its path from the root. */
export const readPage = (page: string) => Bun.file(join(root, page)).text();

/** A link of a page. */
interface Link {
  /** The path of the linked file from the root; of the page itself for a link within it. */
  readonly path: string;
  /** The heading that it leads to. */
  readonly anchor: string | undefined;
}

/** The links of a page to files of the repository, and the anchors of its headings. */
export async function outline(page: string) {
  const links: Link[] = [];
  const anchors: string[] = [];
  const html = Bun.markdown.html(await readPage(page), { headings: { ids: true } });
  new HTMLRewriter()
    .on("a[href], img[src]", {
      element(element) {
        const href = element.getAttribute("href") ?? element.getAttribute("src") ?? "";
        if (/^[a-z]+:/.test(href)) return;
        const [path = "", anchor] = href.split("#");
        links.push({ path: path === "" ? page : join(dirname(page), path), anchor });
      },
    })
    .on("[id]", { element: (element) => void anchors.push(element.getAttribute("id") ?? "") })
    .transform(html);
  return { links, anchors };
}
