using System.Collections.Immutable;
using System.IO.Compression;
using System.Text.Json.Nodes;
using System.Xml.Linq;
using CliWrap;
using CliWrap.Buffered;

namespace Antrea.Migration.Tests.House;

/// <summary>A project of src/ as it was built along with these tests: same configuration, same framework.</summary>
/// <param name="Name">The project's name.</param>
/// <param name="AssemblyName">Its assembly's name.</param>
internal sealed record ShippedProject(string Name, string AssemblyName)
{
    private const string Compiler = "Microsoft.CodeAnalysis";

    /// <summary>The project file.</summary>
    public string File => Repository.At("src", Name, $"{Name}.csproj");

    /// <summary>What the assembly needs at run time.</summary>
    public string DepsFile => Path.Combine(Path.GetDirectoryName(File)!, "bin", Configuration, Framework, $"{AssemblyName}.deps.json");

    /// <inheritdoc/>
    public override string ToString() => Name;

    private static string Framework => Path.GetFileName(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory));

    private static string Configuration =>
        Path.GetFileName(Path.GetDirectoryName(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory))!);

    /// <summary>The Roslyn libraries among those of a deps.json.</summary>
    public static IEnumerable<string> RoslynIn(string depsJson) => JsonNode.Parse(depsJson)!["libraries"]!.AsObject()
        .Select(l => l.Key)
        .Where(n => n.StartsWith(Compiler, StringComparison.OrdinalIgnoreCase));

    /// <summary>Fails unless what the assembly needs at run time is there and names no Roslyn library.</summary>
    public void VerifyClosure()
    {
        Assert.That(DepsFile, Does.Exist);
        Assert.That(RoslynIn(System.IO.File.ReadAllText(DepsFile)), Is.Empty);
    }

    /// <summary>Packs what is built, nothing more, and reads the package.</summary>
    public async Task<ShippedPackage> PackAsync(CancellationToken cancellationToken)
    {
        var folder = Directory.CreateTempSubdirectory("antrea-pack-").FullName;
        try
        {
            return await PackAsync(folder, cancellationToken);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private async Task<ShippedPackage> PackAsync(string folder, CancellationToken cancellationToken)
    {
        // Build nodes and servers outlive the command for minutes, and hold on to its output, whose end is waited for here.
        var result = await Cli.Wrap("dotnet")
            .WithArguments(
            [
                "pack", File, "--no-build", "--configuration", Configuration, "--output", folder, "--nologo",
                "-maxCpuCount:1", "-nodeReuse:false",
            ])
            .WithEnvironmentVariables(e => e
                .Set("DOTNET_CLI_TELEMETRY_OPTOUT", "1")
                .Set("DOTNET_CLI_USE_MSBUILD_SERVER", "0")
                .Set("MSBUILDDISABLENODEREUSE", "1"))
            .WithValidation(CommandResultValidation.None)
            .ExecuteBufferedAsync(cancellationToken);
        Assert.That(result.ExitCode, Is.Zero, result.StandardOutput + result.StandardError);
        return await ShippedPackage.ReadAsync(Directory.EnumerateFiles(folder, $"{Name}.*.nupkg").Single(), cancellationToken);
    }
}

/// <summary>A package: what its manifest says and which files it holds.</summary>
/// <param name="Manifest">The nuspec's root.</param>
/// <param name="ToolSettings">DotnetToolSettings.xml's root; null where the package is no tool.</param>
/// <param name="Files">The paths inside.</param>
internal sealed record ShippedPackage(XElement Manifest, XElement? ToolSettings, ImmutableArray<string> Files)
{
    /// <summary>Reads a package file.</summary>
    public static async Task<ShippedPackage> ReadAsync(string file, CancellationToken cancellationToken)
    {
        await using var zip = await ZipFile.OpenReadAsync(file, cancellationToken);
        var manifest = await ReadAsync(zip.Entries.Single(e => e.FullName.EndsWith(".nuspec", StringComparison.Ordinal)), cancellationToken);
        var settings = zip.Entries.SingleOrDefault(e => e.Name == "DotnetToolSettings.xml");
        return new ShippedPackage(
            manifest,
            settings is null ? null : await ReadAsync(settings, cancellationToken),
            [.. zip.Entries.Select(e => e.FullName)]);
    }

    /// <summary>Fails unless the package is licensed, explained, and brings no Roslyn to whoever references it.</summary>
    public void Verify()
    {
        var dependencies = Named(Manifest, "dependency").ToList();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(
                Named(Manifest, "license").Select(l => ((string?)l.Attribute("type"), l.Value)),
                Is.EqualTo(new[] { ("expression", "Apache-2.0") }));
            Assert.That(Named(Manifest, "readme").Select(r => r.Value), Is.EqualTo(new[] { "README.md" }));
            Assert.That(Named(Manifest, "description").Select(d => d.Value), Has.One.Items.And.All.Length.GreaterThan(40));
            Assert.That(Files, Does.Contain("README.md"));
            Assert.That(dependencies.Select(d => (string?)d.Attribute("id")), Has.None.StartsWith("Microsoft.CodeAnalysis"));
            Assert.That(
                dependencies.Where(d => ((string?)d.Attribute("exclude"))?.Split(',') is not { } excluded
                    || !excluded.Contains("Build") || !excluded.Contains("Analyzers")),
                Is.Empty,
                "dependencies whose analyzers or build files would flow on");
            Assert.That(Files.Where(IsRoslynOrBuildLogic), Is.Empty);
        }
    }

    private static bool IsRoslynOrBuildLogic(string file) =>
        file.Split('/')[0] is "analyzers" or "build" or "buildTransitive" or "buildMultiTargeting"
        || Path.GetFileName(file).StartsWith("Microsoft.CodeAnalysis", StringComparison.OrdinalIgnoreCase);

    private static async Task<XElement> ReadAsync(ZipArchiveEntry entry, CancellationToken cancellationToken)
    {
        await using var stream = await entry.OpenAsync(cancellationToken);
        return await XElement.LoadAsync(stream, LoadOptions.None, cancellationToken);
    }

    private static IEnumerable<XElement> Named(XElement root, string name) => root.Descendants().Where(e => e.Name.LocalName == name);
}
