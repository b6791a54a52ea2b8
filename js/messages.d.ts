// What a page and the engine's worker say to each other, as `crates/protocol/src/messages.rs` has
// it and explains it.
//
// Made by `CLIPLET_WRITE_TYPES=1 cargo test -p cliplet-protocol --test typescript`, which without
// that variable fails where this file and the Rust differ.

/**
 * One of several variants, which have details or `undefined`: a variant with details is an object
 * with a member of its name, and one without is its name.
 */
type OneOf<Variants> = {
  [Name in keyof Variants]: [Variants[Name]] extends [undefined]
    ? Name
    : { [N in Name]: Variants[N] } & { [Other in Exclude<keyof Variants, Name>]?: undefined };
}[keyof Variants];

/** What crosses `postMessage`: a message, and what travels beside it. */
export interface Envelope<Message> {
  message: Message;
  blob?: Blob;
  pixels?: ImageBitmap | ImageData;
  port?: MessagePort;
}

export type RequestId = number;

export interface ToWorker {
  id: RequestId;
  request: Request;
}

export type Request = OneOf<RequestVariants>;

export interface RequestVariants {
  LoadModel: LoadModel;
  TakeModelFile: TakeModelFile;
  ListFiles: ListFiles;
  DeleteFile: DeleteFile;
  TakePicture: TakePicture;
  TakePixels: TakePixels;
  ForgetPicture: ForgetPicture;
  Classify: Classify;
  Explain: Explain;
  Embed: Embed;
  Tokenize: Tokenize;
  OpenPictureStore: OpenPictureStore;
  Gather: Gather;
  Judge: Judge;
  Find: Find;
  SetAside: SetAside;
  Teach: Teach;
  CloseCollection: CloseCollection;
  DeletePictureStore: DeletePictureStore;
  Train: Train;
  TakeProbe: TakeProbe;
  AskProbe: AskProbe;
  Join: Join;
  Cancel: Cancel;
}

/** Which request is answered with what. */
export interface Answers {
  LoadModel: "ModelReady";
  TakeModelFile: "ModelFileTaken";
  ListFiles: "StoredFiles";
  DeleteFile: "StoredFiles";
  TakePicture: "PictureTaken";
  TakePixels: "PictureTaken";
  ForgetPicture: "Forgotten";
  Classify: "Scores";
  Explain: "Explanation";
  Embed: "Embeddings";
  Tokenize: "Tokens";
  OpenPictureStore: "KeptPictures";
  Gather: "Gathered";
  Judge: "Judged";
  Find: "Found";
  SetAside: "CollectionChanged";
  Teach: "CollectionChanged";
  CloseCollection: "CollectionChanged";
  DeletePictureStore: "CollectionChanged";
  Train: "TrainedProbe";
  TakeProbe: "TrainedProbe";
  AskProbe: "Probabilities";
}

export type Response = OneOf<ResponseVariants>;

export interface ResponseVariants {
  ModelReady: ModelReady;
  ModelFileTaken: ModelFileTaken;
  StoredFiles: StoredFiles;
  PictureTaken: PictureTaken;
  Forgotten: Forgotten;
  Scores: Scores;
  Explanation: Explanation;
  Embeddings: Embeddings;
  Tokens: Tokens;
  KeptPictures: KeptPictures;
  Gathered: Gathered;
  Judged: Judged;
  Found: Found;
  CollectionChanged: CollectionChanged;
  TrainedProbe: TrainedProbe;
  Probabilities: Probabilities;
}

export interface LoadModel {
  model: ModelEntry;
  patience: number;
}

export interface TakeModelFile {
  model: string;
  name: string;
}

export type ListFiles = null;

export interface DeleteFile {
  name: string;
}

export interface TakePicture {
  picture: PictureId;
}

export interface TakePixels {
  picture: PictureId;
}

export interface ForgetPicture {
  picture: PictureId;
}

export interface Classify {
  picture: PictureId;
  query: LabelQuery;
}

export interface Explain {
  picture: PictureId;
  query: LabelQuery;
  label: number;
}

export interface Embed {
  pictures: PictureId[];
  prompts: string[];
}

export interface Tokenize {
  prompts: string[];
}

export interface Join {
  lock: string;
}

export interface Cancel {
  request: RequestId;
}

export type FromWorker = OneOf<FromWorkerVariants>;

export interface FromWorkerVariants {
  Listening: { build: string; threads: number };
  Crashed: { message: string };
  Reply: { id: RequestId; reply: Reply };
}

export type Reply = OneOf<ReplyVariants>;

export interface ReplyVariants {
  Progress: Progress;
  Done: Response;
  Failed: Failure;
  Cancelled: undefined;
}

export type Progress = OneOf<ProgressVariants>;

export interface ProgressVariants {
  Downloading: { received: number; total: number | null };
  Retrying: { received: number; total: number | null; seconds: number };
  Elsewhere: { received: number; total: number | null };
  LoadingModel: undefined;
  EncodingLabels: { done: number; total: number };
  EncodingPicture: undefined;
}

export interface ModelReady {
  model: string;
  kept: boolean;
}

export type ModelFileTaken = null;

export interface StoredFiles {
  files: StoredFile[];
  used: number | null;
  available: number | null;
}

export interface PictureTaken {
  width: number;
  height: number;
  incomplete: boolean;
}

export type Forgotten = null;

export interface Scores {
  model: string;
  scores: LabelScore[];
  logit_scale: number;
  neutral: number | null;
  fit: number | null;
  none_fits: boolean;
}

export interface Explanation {
  model: string;
  alone: boolean;
  across: number;
  patches: number[];
  rest: number;
  kept: number[];
}

export interface Embeddings {
  model: string;
  pictures: number[][];
  prompts: number[][];
}

export interface Tokens {
  model: string;
  context: number;
  prompts: PromptTokens[];
}

export interface StoredFile {
  name: string;
  model: string;
  revision: string;
  title: string;
  bytes: number;
  total: number | null;
  whole: boolean;
}

export interface LabelScore {
  cosine: number;
  score: number;
  cut: boolean;
}

export interface PromptTokens {
  tokens: number;
  cut_at: number | null;
}

export type Failure = OneOf<FailureVariants>;

export interface FailureVariants {
  Unreachable: undefined;
  HttpStatus: { code: number };
  Interrupted: { received: number; total: number | null };
  Stalled: { received: number; total: number | null };
  WebPage: undefined;
  WrongLength: { expected: number; found: number | null };
  WrongHash: undefined;
  Changing: undefined;
  NoRoom: { missing: number | null };
  FileInUse: undefined;
  FilesGone: undefined;
  UnusableModel: { reason: string };
  OutOfMemory: { wanted: number | null };
  EmptyPicture: undefined;
  UnreadablePicture: undefined;
  UnsupportedPicture: { what: string; advice: string };
  NoDecoder: undefined;
  HiddenPixels: undefined;
  PictureTooLarge: { width: number; height: number };
  UnknownPicture: undefined;
  NoModel: undefined;
  Internal: { message: string };
  UnusableProbe: { reason: string };
  ProbeOfOtherModel: { model: string };
}

export type ItemId = number;

export interface OpenPictureStore {
  list: ItemId | null;
}

export interface Gather {
  item: ItemId;
  name: string;
  folder: string | null;
  keep: boolean;
}

export interface Judge {
  items: ItemId[];
  by: Classifier;
  best: number;
  of: number | null;
}

export interface Find {
  query: Query;
}

export interface SetAside {
  items: ItemId[];
  aside: boolean;
}

export interface Teach {
  items: ItemId[];
  class: string;
}

export type CloseCollection = null;

export type DeletePictureStore = null;

export interface Train {
  classes: string[];
  items: ItemId[];
  of: number[];
}

export interface TakeProbe {
  json: string;
}

export interface AskProbe {
  picture: PictureId;
}

export type Classifier = OneOf<ClassifierVariants>;

export interface ClassifierVariants {
  Labels: LabelQuery;
  Probe: undefined;
}

export type Query = OneOf<QueryVariants>;

export interface QueryVariants {
  Words: { words: Candidate; templates: string[] };
  Like: ItemId;
}

export interface KeptPictures {
  open: boolean;
  others: number;
  pictures: KeptPicture[];
}

export interface Gathered {
  model: string;
  width: number;
  height: number;
  incomplete: boolean;
  same_as: ItemId | null;
  no_room: boolean;
  class: string | null;
}

export interface Judged {
  model: string;
  items: ItemId[];
  each: number;
  labels: number[];
  scores: number[];
  none_fits: boolean[];
  of: number[];
}

export interface Found {
  items: ItemId[];
  cosines: number[];
}

export type CollectionChanged = null;

export interface TrainedProbe {
  classes: string[];
  examples: number[];
  cross_validation: [number, number] | null;
  milliseconds: number;
  model: string;
  json: string;
}

export interface Probabilities {
  model: string;
  probabilities: number[];
}

export interface KeptPicture {
  name: string;
  folder: string | null;
  width: number;
  height: number;
  preview: number;
  class: string | null;
}

export type PictureId = number;

export interface LabelQuery {
  labels: Candidate[];
  templates: string[];
  scoring?: Scoring;
}

export interface Candidate {
  label: string;
  prompts?: string[];
}

export interface Scoring {
  kind?: Kind;
  temperature?: number;
  neutral?: string;
  none_below?: number | null;
}

export type Kind = "softmax" | "independent";

export interface Catalogue {
  version: number;
  models: ModelEntry[];
}

export type Layout = "gguf" | "transformers";

export interface ModelEntry {
  id: string;
  name: string;
  weights: string;
  layout?: Layout;
  url: string;
  revision: string;
  bytes?: number | null;
  sha256?: string | null;
  licence: string;
  about: string;
  card?: string | null;
  preview?: boolean;
}
