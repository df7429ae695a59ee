using System.Reflection;
using System.Runtime.CompilerServices;

namespace Antrea.Migration.Tests.House;

/// <summary>The rules that every assembly of ours keeps. Each test lists all offenders at once.</summary>
/// <param name="assembly">The assembly to look at.</param>
public abstract class AssemblyRules(Assembly assembly)
{
    private readonly record struct AsyncMethod(MethodInfo Method)
    {
        public override string ToString() => $"{Method.DeclaringType}.{Method.Name}";
    }

    [Test]
    public void Public_types_are_sealed_unless_they_cannot_be() => Assert.That(
        assembly.GetExportedTypes().Where(t => t.IsClass && t is { IsSealed: false, IsAbstract: false }), Is.Empty);

    [Test]
    public void Public_async_methods_say_so_in_their_names() =>
        Assert.That(AsyncMethods().Where(m => !m.Method.Name.EndsWith("Async", StringComparison.Ordinal)), Is.Empty);

    [Test]
    public void Public_async_methods_take_a_token_last() =>
        Assert.That(AsyncMethods().Where(m => m.Method.GetParameters() is not [.., { ParameterType: var last }]
            || last != typeof(CancellationToken)), Is.Empty);

    [Test]
    public void Tokens_of_public_async_methods_may_be_left_out() =>
        Assert.That(AsyncMethods().Where(m => !m.Method.DeclaringType!.IsInterface
            && m.Method.GetParameters() is [.., { IsOptional: false }]
            && !m.Method.DeclaringType.GetInterfaces().Any(i =>
                m.Method.DeclaringType.GetInterfaceMap(i).TargetMethods.Contains(m.Method))), Is.Empty);

    [Test]
    public void Structs_with_equality_have_its_operators() => Assert.That(
        assembly.GetTypes().Where(t => t.IsValueType
            && t.IsAssignableTo(typeof(IEquatable<>).MakeGenericType(t))
            && (t.GetMethod("op_Equality", [t, t]) is null || t.GetMethod("op_Inequality", [t, t]) is null)), Is.Empty);

    [Test]
    public void Structs_are_readonly() => Assert.That(
        assembly.GetTypes().Where(t => t is { IsValueType: true, IsEnum: false } && IsWritten(t)
            && t.GetCustomAttribute<IsReadOnlyAttribute>() is null), Is.Empty);

    [Test]
    public void Tasks_are_awaited_never_waited_for() => Assert.That(
        assembly.GetTypes()
            .SelectMany(MethodBodies.Of)
            .Where(m => MethodBodies.Uses(m).Any(Blocks))
            .Select(m => $"{m.DeclaringType}.{m.Name}"),
        Is.Empty);

    private static bool Blocks(MemberInfo member) =>
        member.DeclaringType is { } type
        && (type == typeof(Task) || (type.IsGenericType && type.GetGenericTypeDefinition() is var open
            && (open == typeof(Task<>) || open == typeof(ValueTask<>))))
        && member.Name is "get_Result" or "Wait" or "WaitAll" or "WaitAny";

    private static bool IsWritten(Type type) =>
        type.GetCustomAttribute<CompilerGeneratedAttribute>() is null && !type.Name.StartsWith('<')
        && (type.DeclaringType is not { } outer || !outer.Name.StartsWith('<'));

    private static bool IsAsync(Type type) =>
        type == typeof(Task) || type == typeof(ValueTask)
        || (type.IsGenericType && type.GetGenericTypeDefinition() is var open
            && (open == typeof(Task<>) || open == typeof(ValueTask<>) || open == typeof(IAsyncEnumerable<>)));

    private IEnumerable<AsyncMethod> AsyncMethods() => assembly.GetExportedTypes()
        .Where(t => !t.IsAssignableTo(typeof(Delegate)))
        .SelectMany(t => t.GetMethods(BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly))
        .Where(m => IsAsync(m.ReturnType) && !m.IsSpecialName && m.Name != nameof(IAsyncDisposable.DisposeAsync))
        .Select(m => new AsyncMethod(m));
}
