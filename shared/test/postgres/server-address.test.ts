import { describe, expect, test } from "bun:test";
import { ServerAddress } from "../../src/postgres/server-address.ts";

/** An address whose name server responds with the next list at each look-up. */
function addressWith(...lists: readonly string[][]) {
  let asked = 0;
  let time = 0;
  const lookUp = () => Promise.resolve(lists[asked++] ?? []);
  const address = new ServerAddress("db.test", lookUp, () => time);
  const later = () => void (time += 200);
  return { address, later, asked: () => asked };
}

describe("ServerAddress", () => {
  test("is the name while that has the same addresses", async () => {
    const { address } = addressWith(["10.0.0.1", "[::1]"], ["[::1]", "10.0.0.1"]);
    await address.doubt();
    expect(address.host).toBe("db.test");
  });

  test("is the new address once the name has moved, and follows it further", async () => {
    const { address, later } = addressWith(["10.0.0.1"], ["10.0.0.2"], ["10.0.0.2"], ["10.0.0.1"]);
    await address.doubt();
    expect(address.host).toBe("10.0.0.2");
    later();
    await address.doubt();
    expect(address.host).toBe("10.0.0.2");
    later();
    await address.doubt();
    expect(address.host).toBe("10.0.0.1");
  });

  test("tries each of several new addresses", async () => {
    const both = ["10.0.0.2", "10.0.0.3"];
    const { address, later } = addressWith(["10.0.0.1"], both, both);
    await address.doubt();
    expect(address.host).toBe("10.0.0.2");
    later();
    await address.doubt();
    expect(address.host).toBe("10.0.0.3");
  });

  test("stays where it is while the name has no address", async () => {
    const { address } = addressWith(["10.0.0.1"], []);
    await address.doubt();
    expect(address.host).toBe("db.test");
  });

  test("looks up a name whose first address was unknown", async () => {
    const { address } = addressWith([], ["10.0.0.1"]);
    await address.doubt();
    expect(address.host).toBe("10.0.0.1");
  });

  test("is the address that the name got just after a look-up, and after a second failure", async () => {
    const { address, asked } = addressWith(["10.0.0.1"], ["10.0.0.1"], ["10.0.0.2"]);
    await address.doubt();
    await Promise.all([address.doubt(), address.doubt()]);
    expect(address.host).toBe("10.0.0.2");
    expect(asked()).toBe(3);
  });

  test("asks once for failures at the same time, and never for an IP address", async () => {
    const { address, asked } = addressWith(["10.0.0.1"], ["10.0.0.2"], ["10.0.0.3"]);
    await Promise.all([address.doubt(), address.doubt()]);
    expect(asked()).toBe(2);
    let looked = false;
    const ip = new ServerAddress("[::1]", () => {
      looked = true;
      return Promise.resolve([]);
    });
    await ip.doubt();
    expect(looked).toBe(false);
  });
});
