/*
 * The script of the API reference. It has no line comments, so that a test can tell that it names no
 * address on the internet.
 */

/*
 * A plugin of Swagger UI. It folds the header fields and problems that the document marks `x-common`
 * behind one button per table, so that an operation opens with what is its own.
 */
function foldCommon({ React }) {
  const { createContext, createElement, Fragment, useContext, useState } = React;
  const Fold = createContext();
  const isCommon = (item) => item.get("x-common") === true;

  /* Wraps a table. `list` is the property with its rows, an Immutable.js collection. */
  const foldTable = (list, title) => (Table) => (props) => {
    const [isOpen, setOpen] = useState(false);
    const common = props[list].filter(isCommon);
    /* Parameters have a name; responses have their status as key. */
    const names = common.map((item, key) => item.get("name") ?? key).join(", ");
    const label = `${isOpen ? "Hide" : "Show"} common ${title}: ${names}`;
    const fold = { first: common.first(), label, isOpen, toggle: () => setOpen(!isOpen) };
    const ownFirst = { ...props, [list]: props[list].sortBy(isCommon) };
    return createElement(Fold.Provider, { value: fold }, createElement(Table, ownFirst));
  };

  /* Wraps a row. `item` is the property that is marked if the row is common. */
  const foldRow = (item) => (Row) => (props) => {
    const { first, label, isOpen, toggle } = useContext(Fold);
    const row = createElement(Row, props);
    if (!isCommon(props[item])) return row;
    const button = createElement(
      "button",
      { type: "button", className: "fold-common", "aria-expanded": isOpen, onClick: toggle },
      label,
    );
    const buttonRow = createElement("tr", null, createElement("td", { colSpan: 3 }, button));
    return createElement(Fragment, null, props[item] === first && buttonRow, isOpen && row);
  };

  return {
    wrapComponents: {
      parameters: foldTable("parameters", "header fields"),
      parameterRow: foldRow("rawParam"),
      responses: foldTable("responses", "problems"),
      response: foldRow("response"),
    },
  };
}

/* Without `validatorUrl: null`, the page sends the document to a server on the internet for a badge. */
SwaggerUIBundle({
  dom_id: "#swagger-ui",
  url: "swagger/json",
  deepLinking: true,
  displayRequestDuration: true,
  validatorUrl: null,
  plugins: [foldCommon],
});
