// What a page shows, taken along as a file.

/** A line of a CSV file, in which no text is a formula to a spreadsheet. */
export function line(values: unknown[]): string {
  const texts = values.map((value) => {
    const given = value === null || value === undefined ? "" : String(value);
    const text = /^[=+\-@\t\r]/.test(given) && Number.isNaN(Number(given)) ? `'${given}` : given;
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  });
  return `${texts.join(",")}\r\n`;
}

/** Hand a text over to be saved. */
export function save(name: string, parts: string[]): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob(parts, { type: "text/plain" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
