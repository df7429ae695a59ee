using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Antrea.Migration.Clusters;

namespace Antrea.Migration.Execution;

/// <summary>What came of making sure that a backup holds an object.</summary>
internal enum BackupOutcome
{
    /// <summary>It is there as it is now.</summary>
    Held,

    /// <summary>It was not there, and is now.</summary>
    Added,

    /// <summary>It was there as it was before; a further file has it as it is now.</summary>
    Changed,

    /// <summary>A file of its name cannot be read; a further file has it.</summary>
    Mended,
}

/// <summary>A migration's backup: objects as files, each of which is written once and never again.</summary>
/// <remarks>
/// <c>objects</c> has what there was before anything was changed. <c>objects-at-removal</c> has what was new, changed or unreadable when it was about to be deleted; a name
/// that is taken there gets a number (<c>NAME.2.json</c>). Text in fields that hold passwords, tokens or keys is left out, and what kubectl has noted of the
/// whole object. A file that was cut short by a crash has a name of
/// its own (<c>.part</c>) and is never looked at. Not safe for use by several threads.
/// </remarks>
internal sealed class BackupFolder(string directory)
{
    public const string AtStart = "objects";
    public const string AtRemoval = "objects-at-removal";

    /// <summary>The whole object once more, in one text.</summary>
    private const string LastApplied = "kubectl.kubernetes.io/last-applied-configuration";

    private const string LeftOut = "(left out of the backup)";
    private const int MostVersions = 1000;

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };
    private static readonly string[] SecretWords = ["password", "token", "etcdkey", "kubeconfiginline", "privatekey"];

    /// <summary>The folder.</summary>
    public string Directory => directory;

    /// <summary>Whether an earlier run has saved anything in it that can be seen from here.</summary>
    public bool IsThere()
    {
        try
        {
            var start = Path.Combine(directory, AtStart);
            return System.IO.Directory.Exists(start) && System.IO.Directory.EnumerateFiles(start, "*.json").Any();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>Saves an object as it was before anything was changed; what an earlier run has saved under that name stays.</summary>
    /// <exception cref="StepFailedException">The file cannot be written.</exception>
    public Task SaveAtStartAsync(string name, JsonObject obj, CancellationToken cancellationToken) =>
        SaveAsync(Path.Combine(AtStart, name + ".json"), TextOf(obj), cancellationToken);

    /// <summary>Saves a text; what an earlier run has saved there stays.</summary>
    /// <param name="relativePath">Within the folder.</param>
    /// <param name="text">The text.</param>
    /// <param name="cancellationToken">Ends it; no half of a file is left under its name.</param>
    /// <exception cref="StepFailedException">The file cannot be written.</exception>
    public async Task SaveAsync(string relativePath, string text, CancellationToken cancellationToken)
    {
        var path = Path.Combine(directory, relativePath);
        try
        {
            System.IO.Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            if (File.Exists(path))
            {
                return; // An earlier run saved it, before anything was changed; that one is the backup.
            }

            var temporary = path + ".part";
            var file = new FileStream(temporary, FileMode.Create, FileAccess.Write);
            await using (file.ConfigureAwait(false))
            {
                await file.WriteAsync(Encoding.UTF8.GetBytes(text), cancellationToken).ConfigureAwait(false);

                // What it holds may be deleted next.
                file.Flush(flushToDisk: true);
            }

            File.Move(temporary, path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StepFailedException(
                $"The backup file {path} cannot be written: {e.Message}",
                "Free some space or name another --backup folder, then run the command again; nothing that it was to keep was deleted.");
        }
    }

    /// <summary>Makes sure that a file has the object as it is now: same uid, same content but for metadata and status. Looks into the files, not at their names alone.</summary>
    /// <exception cref="StepFailedException">It cannot be written, or does not read back as it was written.</exception>
    public async Task<BackupOutcome> KeepAsync(JsonObject obj, CancellationToken cancellationToken)
    {
        var name = NameOf(obj);
        var outcome = BackupOutcome.Added;
        string[] atStart = [Path.Combine(AtStart, name + ".json"), Path.Combine(AtStart, $"{obj.TextAt("kind")}_{obj.TextAt("metadata", "name")}.json")];
        foreach (var path in atStart)
        {
            switch (await HoldsAsync(path, obj, cancellationToken).ConfigureAwait(false))
            {
                case BackupOutcome.Held:
                    return BackupOutcome.Held;
                case BackupOutcome.Added:
                    break;
                case var other:
                    outcome = other;
                    break;
            }
        }

        for (var version = 1; version <= MostVersions; version++)
        {
            var path = Path.Combine(AtRemoval, version == 1 ? $"{name}.json" : string.Create(CultureInfo.InvariantCulture, $"{name}.{version}.json"));
            switch (await HoldsAsync(path, obj, cancellationToken).ConfigureAwait(false))
            {
                case BackupOutcome.Held:
                    return BackupOutcome.Held;
                case BackupOutcome.Added:
                    await SaveAsync(path, TextOf(obj), cancellationToken).ConfigureAwait(false);
                    return await HoldsAsync(path, obj, cancellationToken).ConfigureAwait(false) == BackupOutcome.Held
                        ? outcome
                        : throw new StepFailedException(
                            $"The backup file {Path.Combine(directory, path)} does not read back as it was written.",
                            "See whether its disk is sound and has space, or name another --backup folder, then run the command again; nothing that it was to keep was deleted.");
                case var other:
                    outcome = other;
                    break;
            }
        }

        throw new StepFailedException(
            $"The backup has {MostVersions} versions of {name} already, none of which is the one in the cluster.", "Name another --backup folder, then run the command again.");
    }

    /// <summary>What an object's files are called: group, kind, Namespace and name, those that it has.</summary>
    public static string NameOf(JsonObject obj)
    {
        var version = obj.TextAt("apiVersion") ?? "";
        var group = version.Contains('/', StringComparison.Ordinal) ? version[..version.IndexOf('/', StringComparison.Ordinal)] : "";
        return string.Join('_', new[] { group, obj.TextAt("kind"), obj.TextAt("metadata", "namespace"), obj.TextAt("metadata", "name") }.Where(p => !string.IsNullOrEmpty(p)));
    }

    /// <returns>Added where there is no such file.</returns>
    private async Task<BackupOutcome> HoldsAsync(string relativePath, JsonObject obj, CancellationToken cancellationToken)
    {
        try
        {
            var text = await File.ReadAllTextAsync(Path.Combine(directory, relativePath), cancellationToken).ConfigureAwait(false);
            return JsonNode.Parse(text) is not JsonObject saved ? BackupOutcome.Mended
                : saved.TextAt("metadata", "uid") == obj.TextAt("metadata", "uid") && JsonNode.DeepEquals(Content(saved), Content(WithoutSecrets(obj))) ? BackupOutcome.Held
                : BackupOutcome.Changed;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return BackupOutcome.Added;
        }
        catch (Exception e) when (e is JsonException or IOException or UnauthorizedAccessException or InvalidOperationException or ArgumentException)
        {
            return BackupOutcome.Mended;
        }
    }

    private static string TextOf(JsonObject obj) => WithoutSecrets(obj).ToJsonString(Indented);

    /// <summary>What an object says, rather than what the API server says of it.</summary>
    private static JsonObject Content(JsonObject obj)
    {
        var content = (JsonObject)obj.DeepClone();
        content.Remove("metadata");
        content.Remove("status");
        return content;
    }

    private static JsonObject WithoutSecrets(JsonObject obj)
    {
        var copy = (JsonObject)obj.DeepClone();
        (copy.At("metadata", "annotations") as JsonObject)?.Remove(LastApplied);
        (copy["metadata"] as JsonObject)?.Remove("managedFields");
        LeaveOut(copy);
        return copy;
    }

    private static void LeaveOut(JsonNode? node)
    {
        if (node is JsonArray items)
        {
            foreach (var item in items)
            {
                LeaveOut(item);
            }
        }
        else if (node is JsonObject fields)
        {
            // A variable of a container is a name beside a value.
            var variable = fields.Count == 2 ? fields.TextAt("name") : null;
            foreach (var (name, value) in fields.ToList())
            {
                if (value is JsonValue text && text.GetValueKind() == JsonValueKind.String && (IsSecret(name) || (name == "value" && variable is not null && IsSecret(variable))))
                {
                    fields[name] = LeftOut;
                }
                else
                {
                    LeaveOut(value);
                }
            }
        }
    }

    private static bool IsSecret(string name) =>
        Array.Exists(SecretWords, w => name.Replace("_", "", StringComparison.Ordinal).EndsWith(w, StringComparison.OrdinalIgnoreCase));
}
