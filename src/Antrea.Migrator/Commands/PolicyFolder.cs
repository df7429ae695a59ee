using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Antrea.Migration;
using Antrea.Migration.Clusters;
using Antrea.Migration.Policies.Conversion;
using Antrea.Migrator.Output;

namespace Antrea.Migrator.Commands;

/// <summary>What writing to a folder came to.</summary>
/// <param name="Files">The files written, by name, in the order to apply them.</param>
/// <param name="Removed">Files of an earlier run that are no longer wanted, by name.</param>
internal sealed record WrittenPolicies(ImmutableArray<string> Files, ImmutableArray<string> Removed);

/// <summary>A folder of converted policies, one file an object.</summary>
/// <remarks>
/// All files change at once or none does, see <see cref="FolderReplacement"/>. Names sort in the order to apply: Tiers, groups, policies, and last what
/// ends tiers, so that nothing is dropped before it is allowed. Files of an earlier run are known by their first line; no other file is ever touched.
/// </remarks>
/// <param name="directory">The folder; made when it is not there.</param>
/// <param name="before">Called before each change on the disk, with what it is; for tests that end a run there.</param>
internal sealed class PolicyFolder(string directory, Action<string>? before = null)
{
    private const string Marker = "# Written by antrea-migrator policies convert, which replaces or removes this file when it runs again.";

    private const int MostNameLength = 200;

    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false);

    /// <summary>Replaces what an earlier run wrote, and ends what an interrupted one left.</summary>
    /// <exception cref="MigrationException">A file is in the way that was not written here; nothing was changed.</exception>
    /// <exception cref="IOException">The folder cannot be written.</exception>
    public async Task<WrittenPolicies> WriteAsync(PolicyConversion conversion, CancellationToken cancellationToken)
    {
        var folder = new FolderReplacement(directory, IsOurs, before);
        folder.Recover();
        var ends = conversion.Ends.ToHashSet();
        var texts = conversion.Objects.ToDictionary(
            o => NameOf(o, isEnd: ends.Contains(o)), o => $"{Marker}\n{ObjectYaml.Write(o)}", StringComparer.Ordinal);
        var foreign = texts.Keys.Where(n => Path.Exists(At(n)) && !IsOurs(At(n))).Order(StringComparer.Ordinal).ToList();
        if (foreign.Count > 0)
        {
            throw new MigrationException(
                $"{directory} holds {string.Join(", ", foreign)}, which antrea-migrator did not write; nothing was changed.",
                "Move the file away, or name another folder.");
        }

        var stale = (Directory.Exists(directory) ? Directory.EnumerateFiles(directory, "*.yaml") : [])
            .Where(f => !texts.ContainsKey(Path.GetFileName(f)) && IsOurs(f))
            .Select(f => Path.GetFileName(f))
            .Order(StringComparer.Ordinal)
            .ToList();
        await folder.ReplaceAsync(texts, stale, cancellationToken);
        return new WrittenPolicies([.. texts.Keys.Order(StringComparer.Ordinal)], [.. stale]);
    }

    /// <summary>For example <c>3-NetworkPolicy_shop_calico-web.yaml</c>. Names come from the input: what no file name should hold is replaced, and a
    /// hash keeps such names apart.</summary>
    private static string NameOf(JsonObject json, bool isEnd)
    {
        var obj = new ClusterObject(json, "conversion");
        var rank = obj.Kind switch { "Tier" => 1, "ClusterGroup" or "Group" => 2, _ => isEnd ? 4 : 3 };
        var full = string.Join('_', new[] { obj.Kind, obj.Namespace, obj.Name }.Where(p => p.Length > 0));
        var safe = string.Concat(full.Select(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_' ? c : '_'));
        if (safe != full || safe.Length > MostNameLength)
        {
            var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(full)))[..12];
            safe = $"{safe[..Math.Min(safe.Length, MostNameLength)]}-{hash}";
        }

        return string.Create(CultureInfo.InvariantCulture, $"{rank}-{safe}.yaml");
    }

    private static bool IsOurs(string file)
    {
        if (!File.Exists(file))
        {
            return false;
        }

        using var reader = new StreamReader(file, Utf8);
        var start = new char[Marker.Length];
        return reader.ReadBlock(start) == start.Length && Marker.AsSpan().SequenceEqual(start);
    }

    private string At(string name) => Path.Combine(directory, name);
}
