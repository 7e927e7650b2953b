import { expect, it } from "vitest";
import { parseCaptionTable, parseNameList, parseTokenFile } from "./text-files.js";

it("reads Flickr30k tokens, with the line of each caption", () => {
  const { records, problems } = parseTokenFile(
    "x.token",
    "1.jpg#0\tTwo boys climb .\r\n1.jpg#1\tKids, playing\n",
  );
  expect(problems).toEqual([]);
  expect(records).toEqual([
    { image: "1.jpg", caption: "Two boys climb .", record: "line 1" },
    { image: "1.jpg", caption: "Kids, playing", record: "line 2" },
  ]);
});

it("reads image,caption lines with quoted captions and a header", () => {
  const table = 'image,caption\n1.jpg,A dog .\n1.jpg,"A ball , red"\n2.jpg,"He says ""hi"""\n';
  const { records, problems } = parseCaptionTable("captions.txt", table);
  expect(problems).toEqual([]);
  expect(records.map(({ caption }) => caption)).toEqual(["A dog .", "A ball , red", 'He says "hi"']);
  expect(records[0]?.record).toBe("line 2");
});

it("lists every faulty line of a token file and keeps the others", () => {
  const { records, problems } = parseTokenFile(
    "x.token",
    "1.jpg A dog\n2.jpg#0\t \n../3.jpg#0\tA cat\n4.jpg#0\tA cow\n",
  );
  expect(records.map(({ image }) => image)).toEqual(["4.jpg"]);
  const found = problems.map(({ code, record }) => `${record} ${code}`);
  expect(found.sort()).toEqual(["line 1 CAPTION_FORMAT", "line 2 CAPTION_EMPTY", "line 3 CAPTION_FORMAT"]);
});

it("tells an unclosed quotation mark and a line without comma", () => {
  const { problems } = parseCaptionTable("captions.txt", 'image,caption\n1.jpg,"A dog\nno comma here\n');
  expect(problems.map(({ record, message }) => `${record}: ${message}`)).toEqual([
    expect.stringContaining("line 2: the quotation mark"),
    expect.stringContaining("line 3: expected <image>,<caption>"),
  ]);
});

it.each(["/etc/1.jpg", "a/../../1.jpg", "C:\\1.jpg", "..\\1.jpg", "a\0.jpg"])(
  "refuses the image path %j that leaves the folder",
  (image) => {
    const { records, problems } = parseTokenFile("x.token", `${image}#0\tA dog\n`);
    expect(records).toEqual([]);
    expect(problems[0]?.message).toContain("leaves the image folder");
  },
);

it("reads name lists with blank lines and Windows line ends", () => {
  expect(parseNameList("1.jpg\r\n\r\n 2.jpg \n")).toEqual([
    { name: "1.jpg", record: "line 1" },
    { name: "2.jpg", record: "line 3" },
  ]);
});
