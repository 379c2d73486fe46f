/** A parsed JSON object of which nothing is known yet. Fields are read through the functions below, never merged or spread. */
export type JsonObject = Readonly<Record<string, unknown>>;

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Own field only: what stands on `Object.prototype` is not part of a record. */
function field(object: JsonObject, name: string): unknown {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

export function stringField(object: JsonObject, name: string): string | null {
  const value = field(object, name);
  return typeof value === 'string' ? value : null;
}

/** Like {@link stringField}, but an empty string counts as absent. */
export function wordField(object: JsonObject, name: string): string | null {
  const value = stringField(object, name);
  return value === '' ? null : value;
}

export function numberField(object: JsonObject, name: string): number | null {
  const value = field(object, name);
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

export function flagField(object: JsonObject, name: string): boolean {
  return field(object, name) === true;
}

export function objectField(object: JsonObject, name: string): JsonObject | null {
  const value = field(object, name);
  return isJsonObject(value) ? value : null;
}

/** The objects of a list; whatever else stands in it is passed over. Null if the field is no list. */
export function objectsField(object: JsonObject, name: string): readonly JsonObject[] | null {
  const value = field(object, name);
  return Array.isArray(value) ? value.filter((item) => isJsonObject(item)) : null;
}

export function hasField(object: JsonObject, name: string): boolean {
  return field(object, name) !== undefined && field(object, name) !== null;
}
