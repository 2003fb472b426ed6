import { expect, test } from "vitest";
import { DIGIT, numbersOf, pictureOf, placed } from "./pixels";

const grey = (...values: number[]) =>
  new Uint8ClampedArray(values.flatMap((value) => [value, value, value, 255]));

test("a picture's input is known by its shape, and nothing else is taken for one", () => {
  expect(pictureOf([-1, 784])).toEqual(DIGIT);
  expect(pictureOf([-1, 28, 28])).toMatchObject({ height: 28, flat: false, bare: true });
  expect(pictureOf([-1, 32, 48, 3])).toMatchObject({ height: 32, width: 48, channels: 3 });
  for (const shape of [[-1, 4], [-1, 785], [-1], [], [-1, -1, -1, 3], [-1, 28, 28, 4]])
    expect(pictureOf(shape)).toBeNull();
});

test("pixels are sent from 0 to 1, in rows as the model was trained on", () => {
  const two = { height: 1, width: 2, channels: 1, flat: true, bare: true };
  expect(numbersOf(grey(0, 255), two)).toEqual([0, 1]);
  expect(numbersOf(grey(0, 51), { ...two, flat: false })).toEqual([[0, 0.2]]);
  expect(numbersOf(grey(0, 255), { ...two, flat: false, bare: false })).toEqual([[[0], [1]]]);
  const colours = { ...two, flat: false, bare: false, channels: 3 };
  expect(numbersOf(new Uint8ClampedArray([255, 0, 51, 255, 0, 0, 0, 255]), colours)).toEqual([
    [
      [1, 0, 0.2],
      [0, 0, 0],
    ],
  ]);
});

test("a drawing is put where MNIST has its digits: twenty high, its weight in the middle", () => {
  const values = Array.from({ length: 16 }, (_, at) => (at === 5 || at === 9 ? 255 : 0));
  const at = placed(grey(...values), 4);
  expect(at).toEqual({ x: 1, y: 1, side: 2, shiftX: 9, shiftY: 4 });
  expect(placed(grey(...values.map(() => 0)), 4)).toBeNull();
});
