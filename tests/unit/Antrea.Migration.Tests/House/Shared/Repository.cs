using System.Runtime.CompilerServices;

namespace Antrea.Migration.Tests.House;

/// <summary>The source tree these tests were built from.</summary>
internal static class Repository
{
    /// <summary>The folder of Migration.sln.</summary>
    public static string Root { get; } = FolderAbove(ThisFile(), "Migration.sln");

    /// <summary>A file or folder, from the root.</summary>
    public static string At(params ReadOnlySpan<string> parts) => Path.Combine([Root, .. parts]);

    /// <summary>The C# files below a folder, without what a build writes, by name.</summary>
    public static IEnumerable<string> Sources(string folder) =>
        Directory.EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories)
            .Where(f => !Path.GetRelativePath(folder, f).Split(Path.DirectorySeparatorChar).Any(p => p is "bin" or "obj"))
            .Order(StringComparer.Ordinal);

    /// <summary>The nearest folder above a file that holds a file of this pattern.</summary>
    public static string FolderAbove(string file, string pattern)
    {
        for (var folder = Path.GetDirectoryName(file); folder is not null; folder = Path.GetDirectoryName(folder))
        {
            if (Directory.Exists(folder) && Directory.EnumerateFiles(folder, pattern).Any())
            {
                return folder;
            }
        }

        throw new DirectoryNotFoundException($"No folder above {file} holds {pattern}: run the tests where they were built.");
    }

    private static string ThisFile([CallerFilePath] string path = "") => path;
}
