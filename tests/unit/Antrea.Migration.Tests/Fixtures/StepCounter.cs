using System.Reflection;
using System.Runtime.Loader;
using Mono.Cecil;
using Mono.Cecil.Cil;
using Mono.Cecil.Rocks;
using FieldAttributes = Mono.Cecil.FieldAttributes;
using TypeAttributes = Mono.Cecil.TypeAttributes;

namespace Antrea.Migration.Tests.Fixtures;

/// <summary>Counts the steps of the library's code: each call of a method of its own (of a property, of a lambda that LINQ calls) and each
/// turn of a loop.</summary>
/// <remarks>A copy of the library gets a counter in each such place and is loaded beside the original, with a copy of the tests that call it.
/// So nothing that is quadratic hides, whoever wrote it, and the library itself knows nothing of it.</remarks>
internal sealed class StepCounter
{
    private const string CounterType = "Antrea.Migration.Steps";

    private readonly Assembly _tests;
    private readonly FieldInfo _count;

    public StepCounter()
    {
        var library = typeof(Antrea.Migration.Addressing.Cidr).Assembly.Location;
        using var counted = new MemoryStream();
        using (var module = ModuleDefinition.ReadModule(library))
        {
            Count(module);
            module.Write(counted);
        }

        counted.Position = 0;
        var context = new Context(counted);
        _count = context.Library.GetType(CounterType)!.GetField("Count")!;
        _tests = context.LoadFromAssemblyPath(typeof(StepCounter).Assembly.Location);
    }

    /// <summary>The steps of a static method of the tests.</summary>
    /// <param name="type">The type that has the method; its copy is called.</param>
    /// <param name="prepare">Makes the input from a size; not counted.</param>
    /// <param name="work">Takes what the other one made.</param>
    /// <param name="size">The size.</param>
    public long Of(Type type, string prepare, string work, int size)
    {
        const BindingFlags Static = BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic;
        var copy = _tests.GetType(type.FullName!)!;
        var input = copy.GetMethod(prepare, Static)!.Invoke(null, [size]);
        _count.SetValue(null, 0L);
        copy.GetMethod(work, Static)!.Invoke(null, [input]);
        return (long)_count.GetValue(null)!;
    }

    private static void Count(ModuleDefinition module)
    {
        var steps = new TypeDefinition(
            "Antrea.Migration", "Steps", TypeAttributes.Public | TypeAttributes.Abstract | TypeAttributes.Sealed, module.TypeSystem.Object);
        var count = new FieldDefinition("Count", FieldAttributes.Public | FieldAttributes.Static, module.TypeSystem.Int64);
        steps.Fields.Add(count);

        // Some of the work is done by several threads.
        var increment = module.ImportReference(typeof(Interlocked).GetMethod(nameof(Interlocked.Increment), [typeof(long).MakeByRefType()]));
        foreach (var body in module.GetTypes().SelectMany(t => t.Methods).Where(m => m.HasBody).Select(m => m.Body))
        {
            body.SimplifyMacros();
            var il = body.GetILProcessor();
            Instruction[] places = [body.Instructions[0], .. body.Instructions.Where(i => i.Operand is Instruction target && target.Offset < i.Offset)];
            foreach (var place in places)
            {
                foreach (var step in (Instruction[])[il.Create(OpCodes.Ldsflda, count), il.Create(OpCodes.Call, increment), il.Create(OpCodes.Pop)])
                {
                    il.InsertBefore(place, step);
                }
            }

            body.OptimizeMacros();
        }

        module.Types.Add(steps);
    }

    /// <summary>Gives the copy of the tests the counted library, and everything else as it is.</summary>
    private sealed class Context : AssemblyLoadContext
    {
        public Context(Stream library)
            : base(nameof(StepCounter)) => Library = LoadFromStream(library);

        public Assembly Library { get; }

        protected override Assembly? Load(AssemblyName assemblyName) => assemblyName.Name == Library.GetName().Name ? Library : null;
    }
}
