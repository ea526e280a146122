export interface components {
  schemas: {
    Message: { code: string; message: string };
    InputDescription: {
      format: string;
      sha256: string;
      width: number;
      height: number;
      slice_count: number;
      spacing_mm: number[] | null;
      modality: string | null;
      warnings: components['schemas']['Message'][];
    };
    SlicePrediction: {
      index: number;
      tumor_probability: number;
      probabilities: { [key: string]: number };
    };
    Explanation: {
      method: string;
      label: string;
      slice_index: number;
      width: number;
      height: number;
      heatmap_png: string;
    };
    ModelDescription: {
      name: string;
      version: string;
      sha256: string;
      engine: string;
      device: string;
    };
    Timing: {
      decode: number;
      preprocess: number;
      inference: number;
      explain: number;
      total: number;
    };
    PredictionAnswer: {
      id: string;
      decision: 'tumor' | 'no_tumor' | 'uncertain' | 'out_of_scope';
      label: string | null;
      tumor_probability: number | null;
      probabilities: { [key: string]: number } | null;
      prediction_set: string[] | null;
      reasons: components['schemas']['Message'][];
      input: components['schemas']['InputDescription'];
      slices: components['schemas']['SlicePrediction'][];
      explanation: components['schemas']['Explanation'] | null;
      model: components['schemas']['ModelDescription'];
      timing_ms: components['schemas']['Timing'];
      notice: string;
    };
    Health: {
      status: 'ready' | 'starting' | 'draining' | 'failed';
      model: components['schemas']['ModelDescription'] | null;
      uptime_s: number;
      queue_depth: number;
      notice: string;
    };
    Problem: {
      type: string;
      title: string;
      status: number;
      code: string;
      detail: string;
      request_id: string;
    };
  };
}
