// SPDX-License-Identifier: GPL-3.0-or-later
// Flamenco 3 job type: the depth of a movie or an image sequence. Copy it into the Manager's `scripts` folder.

const JOB_TYPE = {
    label: "Depth of Video",
    description: "Estimate the depth of a clip without flicker, one EXR a frame",
    settings: [
        { key: "clip", type: "string", required: true, subtype: "file_path",
          description: "A movie, or a pattern such as /shots/shot_%04d.png or shot_####.png" },
        { key: "output", type: "string", required: true, subtype: "dir_path",
          description: "Where the depth files go" },
        { key: "frames", type: "string", required: true,
          eval: "f'{C.scene.frame_start}-{C.scene.frame_end}'", evalInfo: { showLinkButton: true, description: "Scene frame range" },
          description: "All frames of the clip, such as 1-100,120-200" },
        { key: "chunk_size", type: "int32", default: 50, propargs: { min: 1 }, visible: "submission",
          description: "Frames that a Worker makes in one go; each go loads the model once" },
        { key: "model", type: "string", required: true, default: "small", visible: "submission",
          description: "Its weights must be on every Worker: depth-nodes download" },
        { key: "program", type: "string", required: true, default: "depth-nodes", visible: "submission",
          description: "The engine's command, or a Manager variable that holds it" },
    ],
};

function compileJob(job) {
    const settings = job.settings;
    const chunks = frameChunker(settings.frames, settings.chunk_size);
    const split = step(settings, "split", settings.frames); // what only models of clips need
    const estimates = chunks.map((chunk) => step(settings, "estimate", chunk));
    const measure = step(settings, "measure", settings.frames);
    const finishes = chunks.map((chunk) => step(settings, "finish", chunk));
    for (const task of estimates) {
        task.addDependency(split);
        measure.addDependency(task);
    }
    for (const task of finishes) {
        task.addDependency(measure);
    }
    for (const task of [split, ...estimates, measure, ...finishes]) {
        job.addTask(task);
    }
}

function step(settings, name, frames) {
    const task = author.Task(`${name}-${frames}`, "misc");
    task.addCommand(author.Command("exec", {
        exe: settings.program,
        args: [
            "video", settings.clip, `--output=${settings.output}`, `--step=${name}`, `--frames=${frames}`,
            `--model=${settings.model}`,
        ],
    }));
    return task;
}
